# SPDX-License-Identifier: BSD-3-Clause
# What users type: systems, data sets, streams, descriptors, models, comparison, self-description.

include("support.jl")

const DIMER = ([14, 14], [0 0; 0 0; 0 2.35])
folder = mktempdir()
cd(folder)

@testset "usage as documented" begin
    save(clusters(20), "train.extxyz")
    train = Dataset("train.extxyz")
    model = fit("ridge", train; descriptor = "power_spectrum", cutoff = 5.0)
    save(model, "silicon.tern")
    dimer = System([14, 14], [0 0; 0 0; 0 2.35])
    energy, forces, virial = predict(model, dimer)
    @test energy isa Float64 && size(forces) == (3, 2) && size(virial) == (3, 3)
    frames = Descriptor("frames"; species = [14], cutoff = 5.0)
    values = compute(frames, dimer)
    gradient, strain = pullback(frames, dimer, ones(size(values)))
    @test size(gradient) == (3, 2) && size(strain) == (3, 3)
    @test compare(dimer, dimer).same === true
    @test predict(Model("silicon.tern"), dimer) == predict(model, dimer)
    seen = String[]
    fit("ridge", train; cutoff = 5.0, progress = p -> (push!(seen, string(p.stage, ' ', p.done, '/', p.total)); true))
    @test !isempty(seen)
    shown = sprint(print, thrown(() -> Descriptor("frames"; cutof = 5.0)))
    @test startswith(shown, "TernionError: unknown option 'cutof' (did you mean 'cutoff'?)")
end

@testset "systems" begin
    cell = [4 1 0; 0 5 1; 0 0 6.5]
    system = System(Int32[14, 8], [0 9; 0 -1; 0 2]; cell = cell, periodic = (true, false, true))
    @test length(system) == 2
    @test system.species == [14, 8] && system.positions == [0 9; 0 -1; 0 2]
    @test system.cell == cell && system.periodic == (true, false, true)
    @test length(System(Int[], zeros(3, 0))) == 0
    @test System([1], zeros(3, 1)).periodic == (false, false, false)
    @test System(view([1, 6, 8], 2:3), view(rand(3, 5), :, 1:2:3)).species == [6, 8]
    for (species, positions, keywords) in (([14], zeros(3, 2), ()), ([14, 14], zeros(2, 3), ()),
                                           ([14], zeros(3, 1), (cell = zeros(2, 2),)),
                                           ([14], zeros(3, 1), (cell = [1 0 0; 0 1 0; 0 0 1], periodic = (true,))))
        @test_throws DimensionMismatch System(species, positions; keywords...)
    end
    @test_throws InexactError System([14.5], zeros(3, 1))
    for (species, position, keywords) in ((0, 0.0, ()), (14, NaN, ()), (14, 0.0, (cell = zeros(3, 3),)))
        @test_throws TernionError System([species], fill(position, 3, 1); keywords...)
    end
end

@testset "neighbours and pairs" begin
    system = System([14], zeros(3, 1); cell = [2 0 0; 0 2 0; 0 0 2])
    pairs, vectors = neighbours(system, 2.1)
    @test pairs == ones(2, 6)
    @test all(isapprox(2), norm.(eachcol(vectors)))
    given = System([14]; pairs = pairs, vectors = vectors, cutoff = 2.1)
    descriptor = Descriptor("power_spectrum"; species = [14], cutoff = 2.1, n_max = 3, l_max = 2)
    @test close_to(compute(descriptor, given), compute(descriptor, system), 1e-13)
    @test thrown(() -> given.positions).status == Ternion.Raw.ERROR_MISSING
    @test_throws TernionError compute(Descriptor("density"; species = [14], cutoff = 2.5), given)
    @test_throws DimensionMismatch System([14]; pairs = [1 1; 1 1], vectors = zeros(3, 1), cutoff = 1.0)
end

@testset "data sets" begin
    dataset = clusters(6)
    @test length(dataset) == 6
    @test Ternion.counts(dataset) == (energy = 6, forces = 6, virial = 0)
    @test [frame.energy for frame in dataset] == [dataset[index].energy for index in 1:6]
    @test dataset[end].energy == dataset[6].energy
    @test [frame.energy for frame in dataset[5:-2:3]] == [dataset[5].energy, dataset[3].energy]
    @test length(dataset[[true, false, false, true, false, false]]) == 2
    @test length(dataset[:]) == 6 && length(dataset[1:0]) == 0
    @test_throws BoundsError dataset[7]
    @test_throws BoundsError dataset[[0]]
    @test_throws DimensionMismatch dataset[[true]]
    @test dataset[1].virial === nothing
    virial = [1.0 2 3; 2 4 5; 3 5 6]
    crystal = Dataset()
    push!(crystal, System(DIMER...; cell = [9 0 0; 0 9 0; 0 0 9]); energy = -1.5, forces = [0 0; 0 0; 1 -1],
          virial = virial)
    push!(crystal, System(DIMER...))
    append!(crystal, crystal[1:1])
    save(crystal, "three.extxyz.gz")
    again = Dataset("three.extxyz.gz")
    @test Ternion.counts(again) == (energy = 2, forces = 2, virial = 2)
    @test again[1].energy == -1.5 && again[3].forces == [0 0; 0 0; 1 -1] && again[1].virial ≈ virial
    @test again[2].energy === nothing
    @test_throws DimensionMismatch push!(crystal, System(DIMER...); forces = zeros(3, 1))
    @test_throws TernionError push!(crystal, System(DIMER...); energy = Inf)
    write("keys.extxyz", "1\nProperties=species:S:1:pos:R:3 dft=-3.5 pbc=\"F F F\"\nSi 0 0 0\n")
    @test Dataset("keys.extxyz"; energy_key = :dft)[1].energy == -3.5
end

@testset "streams" begin
    dataset = clusters(7)
    Writer("stream.extxyz") do writer
        foreach(frame -> push!(writer, frame), dataset)
        @test !isfile("stream.extxyz")
    end
    energies = Reader("stream.extxyz"; chunk = 3) do reader
        [frame.energy for frame in reader]
    end
    @test energies ≈ [frame.energy for frame in dataset] rtol = 1e-15
    reader = Reader("stream.extxyz")
    @test [length(read(reader, 5)) for _ in 1:3] == [5, 2, 0]
    close(reader)
    close(reader)
    @test_throws TernionError read(reader, 1)
    @test_throws KeyError Writer("half.extxyz") do writer
        push!(writer, System(DIMER...); energy = 1)
        throw(KeyError(1))
    end
    @test !isfile("half.extxyz")
end

@testset "descriptors" begin
    dataset = clusters(3)
    system = dataset[1].system
    descriptor = Descriptor("power_spectrum"; SMALL...)
    @test_throws TernionError compute(descriptor, system)
    @test fit(descriptor, dataset) === descriptor
    save(descriptor, "d.tern")
    again = Descriptor("d.tern")
    @test compute(again, system) == compute(descriptor, system)
    @test info(again)["kind"] == "power_spectrum" && info("d.tern")["what"] == "descriptor"
    @test length(labels(again)) == size(compute(again, system), 1)
    one = Descriptor("density"; species = [14], centers = [0, 2], SMALL...)
    for (species, centers) in (("Si", "0,2"), (:Si, (0, 2)), (["Si"], 0:2:2), (14, Int32[0, 2]))
        other = Descriptor(:density; species = species, centers = centers, threads = nothing, SMALL...)
        @test compute(other, system) == compute(one, system)
    end
    @test thrown(() -> Descriptor("density"; cutoff = 1im)).status == Ternion.Raw.ERROR_OPTION
    values = fill(NaN, size(compute(descriptor, system)))
    @test compute!(values, descriptor, system) === values
    @test values == compute(descriptor, system)
    @test_throws DimensionMismatch compute!(zeros(2, 2), descriptor, system)
    @test_throws DimensionMismatch pullback(descriptor, system, zeros(2, 2))
    Ternion.describe(descriptor, dataset, "values.safetensors")
    @test info("values.safetensors")["what"] == "features"
end

@testset "ranges of centres, weights, sensitivity" begin
    system = clusters(1)[1].system
    frames = Descriptor("frames"; species = [14], tag_cutoff = 3.5, tag_width = 2.0, SMALL...)
    values, direction = compute(frames, system), [1.0, 2.0, 3.0] .* ones(3, length(system))
    weights = rand(MersenneTwister(1), size(values)...)
    gradient, strain, before = zeros(3, length(system)), zeros(3, 3), 0
    @test Ternion.centers(frames, system) == length(system)
    whole = jacobian(frames, system)
    for centers in (1:2, 3:length(system))
        part = before .+ (1:size(compute(frames, system; centers), 2))
        before = last(part)
        @test compute(frames, system; centers) == values[:, part]
        @test rows(frames, system; centers) == rows(frames, system)[:, part]
        @test Ternion.weights(frames, system; centers) == Ternion.weights(frames, system)[part]
        pushed = pushforward(frames, system; positions = direction, centers)
        @test pushed == pushforward(frames, system; positions = direction)[:, part]
        some, some_strain = pullback(frames, system, weights[:, part]; centers)
        gradient += some
        strain += some_strain
        indices, blocks, strains = jacobian(frames, system; centers)
        chosen = [row in part for row in whole[1][1, :]]
        @test indices .+ [first(part) - 1, 0] == whole[1][:, chosen] && blocks == whole[2][:, :, chosen]
        @test strains == whole[3][:, :, :, part]
    end
    @test close_to(gradient, pullback(frames, system, weights)[1], 1e-12)
    @test close_to(strain, pullback(frames, system, weights)[2], 1e-12)
    slopes = rand(MersenneTwister(2), size(values, 2))
    slope = Ternion.weights_pullback(frames, system, slopes)[1][3, 4]
    sums = map((-1e-5, 1e-5)) do step
        moved = copy(system.positions)
        moved[3, 4] += step
        return slopes' * Ternion.weights(frames, System(system.species, moved))
    end
    @test abs(slope - (sums[2] - sums[1]) / 2e-5) < 1e-7
    for (centers, words) in ((9:9, "valid are 0 to"), (2:99, "'n_centers'"), ([1, 2], "1:100"), (1:2:5, "1:100"))
        @test occursin(words, sprint(showerror, thrown(() -> compute(frames, system; centers))))
    end
    limited = Descriptor("frames"; species = [14], memory_limit = 1000, SMALL...)
    @test occursin("ranges of centres", thrown(() -> compute(limited, system)).message)
    found = sensitivity(frames, system)
    @test length(found.singular_values) == 9 && found.seen == 9 && size(found.vectors) == (3, 5, 9)
    @test all(k -> isapprox(norm(pushforward(frames, system; positions = found.vectors[:, :, k])),
                            found.singular_values[k]), 1:9)
    flat = System(fill(14, 4), [0 2 0.2 2.2; 0 0.1 2.4 2.1; 0 0 0 0])
    power = Descriptor("power_spectrum"; species = [14], SMALL...)
    blind = sensitivity(power, flat)
    @test length(blind.singular_values) == 6 && blind.seen == 5 && maximum(abs, blind.vectors[1:2, :, 6]) < 1e-9
    @test length(sensitivity(power, flat; center = 2).singular_values) == 6 &&
          sensitivity(power, flat; threshold = 0.9).seen < 5
    @test thrown(() -> sensitivity(power, flat; progress = p -> false)).status == Ternion.Raw.CANCELLED
    @test thrown(() -> sensitivity(power, flat; center = 0)) isa ArgumentError
end

@testset "models" begin
    dataset = clusters(25)
    model = fit("ridge", dataset; e0 = Dict(:Si => 0.0), SMALL...)
    system = dataset[1].system
    energy, forces, virial = predict(model, system)
    energies, virials = predict_atoms(model, system)
    @test sum(energies) ≈ energy
    @test dropdims(sum(virials; dims = 3); dims = 3) ≈ virial
    @test predict(model, system; forces = false, virial = false) ==
          (energy = energy, forces = nothing, virial = nothing)
    @test info(model)["kind"] == "ridge"
    deviation, scores = uncertainty(model, system)
    @test deviation > 0
    @test length(scores) == length(energies)
    @test maximum(maximum(uncertainty(model, frame.system).scores) for frame in dataset) ≈ 1
    @test all(distance_ratios(model, system) .== 1)
    @test all(distance_ratios(model, System([14, 14], [0 0; 0 0; 0 1.0])) .< 0.7)
    @test [prediction.energy for prediction in predict(model, dataset[1:2])] ==
          [energy, predict(model, dataset[2].system).energy]
    spread(values) = sqrt(sum(abs2, values .- sum(values) / length(values)))
    @test spread([predict(model, frame.system).energy - frame.energy for frame in dataset]) <
          0.3 * spread([frame.energy for frame in dataset])
    status(action) = thrown(action).status
    @test status(() -> fit("ridge", dataset; cutof = 5.0)) == Ternion.Raw.ERROR_OPTION
    @test status(() -> fit("rigde", dataset)) == Ternion.Raw.ERROR_ARGUMENT
    @test status(() -> fit("ridge", Dataset())) == Ternion.Raw.ERROR_DATA
    @test status(() -> Model("none.tern")) == Ternion.Raw.ERROR_FILE
    @test status(() -> save(model, "no/such.tern")) == Ternion.Raw.ERROR_FILE
    @test status(() -> predict(model, System([14, 8], DIMER[2]))) == Ternion.Raw.ERROR_DATA
    @test status(() -> fit("ridge", dataset; memory_limit = 1000, SMALL...)) == Ternion.Raw.ERROR_MEMORY
end

@testset "comparison" begin
    random = MersenneTwister(3)
    positions = 2 * randn(random, 3, 6)
    rotation = Matrix(qr(randn(random, 3, 3)).Q)
    rotation *= -sign(det(rotation))  # with a reflection
    order = randperm(random, 6)
    first = System([1, 6, 6, 1, 8, 1], positions)
    second = System(first.species[order], rotation * positions[:, order] .+ 5)
    found = compare(first, second)
    @test found.same && found.rmsd < 1e-6
    centred(points) = points .- sum(points; dims = 2) / size(points, 2)
    @test close_to((found.rotation * centred(second.positions))[:, found.permutation], centred(positions), 1e-6)
    @test !compare(first, second; group = "so3").same
    @test !compare(first, System(fill(1, 6), positions)).same
    @test_throws TernionError compare(first, second; group = :o4)
end

@testset "tensors of structures" begin
    data = Dataset(joinpath(GOLDEN, "ridge_train.extxyz"))
    matrix = reshape(collect(1.0:9.0), 3, 3)
    for index in 1:length(data)
        set_tensor!(data, index, "dipole", vec(sum(data[index].system.positions; dims = 2)))
    end
    set_tensor!(data, 2, "response", matrix)
    set_tensor!(data, 2, "gap", 0.5)
    @test tensor(data, 2, "response") == matrix && tensor(data, 2, "gap") == 0.5
    @test_throws TernionError tensor(data, 1, "response")
    @test_throws DimensionMismatch set_tensor!(data, 1, "dipole", zeros(4))
    model = fit("kernel", data; target = "dipole", nu_max = 2, points = 20, cutoff = 3.0, n_max = 3, l_max = 2)
    @test Ternion.target(model) == "dipole" && Ternion.target_order(model) == 1
    @test size(predict_tensor(model, data[1].system)) == (3,)
    @test_throws TernionError predict(model, data[1].system)
end

@testset "vectors of atoms" begin
    data = Dataset(joinpath(GOLDEN, "ridge_train.extxyz"))
    for index in 1:length(data)
        set_vectors!(data, index, "shape", data[index].system.positions[1:2, :] .^ 2)
    end
    system = data[3].system
    @test vectors(data, 3, "shape") == system.positions[1:2, :] .^ 2
    @test_throws TernionError vectors(data, 3, "other")
    @test_throws DimensionMismatch set_vectors!(data, 3, "shape", zeros(2, 1))
    model = fit("triplet", data; target = "shape", epochs = 2, hidden = [4], cutoff = 3.0, n_max = 3, l_max = 2)
    @test Ternion.target(model) == "shape"
    centers, values = predict_vectors(model, system)
    @test centers == 1:length(system) && size(values) == (2, length(system))
    @test compute(Descriptor(model), system) == values
    @test_throws TernionError predict(model, system)
end

@testset "self-description" begin
    names(kind...) = [option.name for option in Ternion.options(kind...)]
    @test "regularization" in names("ridge") && "cutoff" in names(:power_spectrum) && "energy_key" in names("dataset")
    @test length(names()) > length(names("ridge"))
    @test_throws TernionError Ternion.options("rigde")
    @test any(kind -> kind.name == "ridge" && kind.type == "model", Ternion.kinds())
    @test VersionNumber(info()["release"]) == Ternion.version()
    @test info(joinpath(GOLDEN, "ridge_train.extxyz"))["structures"] == 12
    documented = keys(Base.Docs.meta(Ternion))
    @test filter(name -> !(Base.Docs.Binding(Ternion, name) in documented), Base.names(Ternion)) == Symbol[]
end

@testset "JSON" begin
    parse_json = Ternion.parse_json
    written = " {\"a\": [1, -2.5e3, true, false, null, {}, []], \"b\\n\\\"\\u00e9\\ud83d\\ude00\": \"é/\\/\"} "
    @test parse_json(written) ==
          Dict("a" => [1, -2500.0, true, false, nothing, Dict(), []], "b\n\"é😀" => "é//")
    @test parse_json("3") === 3
    @test_throws Exception parse_json("{\"a\" 1}")
end

cd(homedir())

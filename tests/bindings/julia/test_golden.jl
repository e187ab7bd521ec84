# SPDX-License-Identifier: BSD-3-Clause
# The numbers and refusals that every language checks itself against.

include("support.jl")

@testset "values" begin
    checked = String[]
    for name in golden("descriptors.txt")["files"]
        blocks = golden(name)
        for kind in blocks["kinds"]
            descriptor = Descriptor(kind; golden_options(blocks)...)
            values = compute(descriptor, golden_system(blocks))
            @test close_to(values, blocks[kind], 1e-8)
            @test length(labels(descriptor)) == size(values, 1)
            push!(checked, kind)
        end
    end
    @test count(==("density"), checked) >= 10
    @test count(==("power_spectrum"), checked) >= 10
    @test count(==("frames"), checked) >= 1
    @test count(==("correlations"), checked) >= 5
    @test count(==("triplets"), checked) >= 7
end

# A neighbour along z: the columns m = 0 of its density are R_nl sqrt((2l+1)/4 pi).
@testset "radial functions, $name" for name in golden("descriptors.txt")["radial"]
    blocks = golden(name)
    density = Descriptor("density"; species = [14], golden_options(blocks)...)
    n_l, n_max, _ = size(blocks["values"])
    for (k, r) in enumerate(blocks["r"])
        r > 0 || continue                           # two atoms at one place are refused
        values = compute(density, System([14, 14], [0 0; 0 0; 0 r]))
        found = [values[(l * l + l) * n_max + n, 1] / sqrt((2l + 1) / 4pi) for l in 0:n_l-1, n in 1:n_max]
        @test maximum(abs, found - blocks["values"][:, :, k]) <= 3e-9
    end
end

@testset "rows" begin
    for name in golden("descriptors.txt")["rows"]
        blocks = golden(name)
        descriptor = Descriptor(only(blocks["kinds"]); golden_options(blocks)...)
        @test rows(descriptor, golden_system(blocks)) == blocks["rows"] .+ 1
    end
    blocks = golden("frames.txt")
    density = Descriptor(:density; species = [1, 6, 8], cutoff = 3)
    @test rows(density, golden_system(blocks)) == [1 1 1 1; 1 2 3 4]
end

# Golden derivatives come as [x, atom, feature, row] and [b, a, feature, row].
@testset "derivatives of $kind, $name" for name in golden("descriptors.txt")["derivatives"],
                                           kind in golden(name)["kinds"]
    blocks = golden(name)
    positions, strain = blocks[kind * "_positions"], permutedims(blocks[kind * "_strain"], (2, 1, 3, 4))
    descriptor, system = Descriptor(kind; golden_options(blocks)...), golden_system(blocks)
    indices, values, strain_values = jacobian(descriptor, system)
    dense = zero(positions)
    for block in axes(indices, 2)
        row, atom = indices[:, block]
        dense[:, atom, :, row] = permutedims(values[:, :, block])
    end
    @test close_to(dense, positions, 1e-7)
    @test close_to(permutedims(strain_values, (2, 3, 1, 4)), strain, 1e-7)
    random = MersenneTwister(5)
    weights = randn(random, size(positions)[3:4])
    spread = reshape(weights, 1, 1, size(weights)...)
    contract(derivative) = dropdims(sum(derivative .* spread; dims = (3, 4)); dims = (3, 4))
    gradient, strain_gradient = pullback(descriptor, system, weights)
    @test close_to(gradient, contract(positions), 1e-7)
    @test close_to(strain_gradient, contract(strain), 1e-7)
    direction, turn = randn(random, size(gradient)), randn(random, 3, 3)
    along(derivative, direction) = dropdims(sum(derivative .* direction; dims = (1, 2)); dims = (1, 2))
    @test close_to(pushforward(descriptor, system; positions = direction), along(positions, direction), 1e-7)
    @test close_to(pushforward(descriptor, system; strain = turn), along(strain, turn), 1e-7)
end

function check_prediction(model, blocks, prefix)
    system = golden_system(blocks, prefix)
    energy, forces, virial = predict(model, system)
    energies, virials = predict_atoms(model, system)
    @test close_to([energy], blocks[prefix * "energy"], 1e-6)
    @test close_to(forces, blocks[prefix * "forces"], 1e-6)
    @test close_to(virial, permutedims(blocks[prefix * "virial"]), 1e-6)
    @test close_to(energies, blocks[prefix * "atom_energies"], 1e-6)
    @test close_to(virials, permutedims(blocks[prefix * "atom_virials"], (2, 1, 3)), 1e-6)
end

@testset "ridge, $name" for name in ("ridge_energies.txt", "ridge_forces.txt", "ridge_virial.txt")
    blocks = golden(name)
    model = fit("ridge", Dataset(joinpath(GOLDEN, blocks["train"][1])); golden_options(blocks)...)
    path = tempname()
    save(model, path)
    for fitted in (model, Model(path)), prefix in ("test1_", "test2_")
        check_prediction(fitted, blocks, prefix)
    end
    rm(path)
end

@testset "tensors, $name" for (name, order) in (("tensor_dipole.txt", 1), ("tensor_response.txt", 2))
    blocks = golden(name)
    options = golden_options(blocks)
    model = fit("ridge", Dataset(joinpath(GOLDEN, blocks["train"][1]); target = Dict(options)[:target]); options...)
    path = tempname()
    save(model, path)
    @test Ternion.target_order(model) == order && name == "tensor_$(Ternion.target(model)).txt"
    for fitted in (model, Model(path)), prefix in ("test1_", "test2_")
        values = predict_tensor(fitted, golden_system(blocks, prefix))
        @test close_to(values, permutedims(blocks[prefix * "tensor"], order:-1:1), 1e-6)
    end
    rm(path)
end

@testset "stored models" begin
    files = golden("models.txt")["files"]
    @test length(files) >= 7
    for name in files, prefix in ("test1_", "test2_", "test3_")
        blocks = golden(name)
        check_prediction(Model(joinpath(GOLDEN, only(blocks["model"]))), blocks, prefix)
    end
end

@testset "refused options" begin
    blocks = golden("errors.txt")
    @test length(blocks["option_keys"]) >= 20
    for (key, value, status, says, says_too) in
        zip((blocks["option_" * part] for part in ("keys", "values", "status", "says", "says_too"))...)
        exception = thrown(() -> Descriptor("density"; Symbol(key) => value))
        @test exception isa TernionError && exception.status == status
        @test occursin(says, exception.message) && occursin(says_too, exception.message)
    end
end

@testset "refused files" begin
    blocks = golden("errors.txt")
    @test length(blocks["file_paths"]) >= 30
    for (path, status, says) in zip((blocks["file_" * part] for part in ("paths", "status", "says"))...)
        exception = thrown(() -> Dataset(joinpath(GOLDEN, path)))
        @test exception isa TernionError && exception.status == status
        @test occursin(says, exception.message)
    end
end

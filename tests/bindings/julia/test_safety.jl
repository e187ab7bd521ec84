# SPDX-License-Identifier: BSD-3-Clause
# Callbacks, interrupts, threads, memory, and libraries that do not fit.

include("support.jl")

@testset "callbacks" begin
    dataset, seen = clusters(10), []
    fit("ridge", dataset; progress = report -> push!(seen, report), SMALL...)
    @test !isempty(seen)
    for report in seen
        @test report.stage isa String && (report.total == 0 || 0 <= report.done <= report.total)
        @test report.loss === nothing || report.loss >= 0
    end
    @test thrown(() -> fit("ridge", dataset; progress = report -> false, SMALL...)).status == Ternion.Raw.CANCELLED
    for exception in (ErrorException("from the callback"), InterruptException(), TernionError(3, "mine"))
        @test thrown(() -> fit("ridge", dataset; progress = report -> throw(exception), SMALL...)) === exception
    end
    @test thrown(() -> fit(Descriptor("density"; SMALL...), dataset; progress = report -> [][1])) isa BoundsError
    @test Ternion.Raw.PROGRESS_TYPES == (Cstring, Int64, Int64, Float64, Ptr{Cvoid})
end

# Stopped while it is prepared a training leaves nothing, stopped at a step its best state so far.
@testset "a training that is cancelled leaves a model" begin
    dataset = clusters(12)
    training = (hidden = [4], epochs = 1000000, threads = 1, SMALL...)
    for kind in ("network", "triplet"), share in (0, 3)
        seen = Tuple{String,Int}[]
        model = fit(kind, dataset; training..., progress = p -> begin
            push!(seen, (p.stage, p.done))
            !(p.stage == "train" && p.done >= share)
        end)
        @test info(model)["report"]["stopped"] == "cancelled"
        @test info(model)["report"]["steps"] >= (share > 0) && last(seen)[1] == "train"
        energy, forces, virial = predict(model, dataset[1].system)
        @test isfinite(energy) && all(isfinite, virial) && maximum(abs, sum(forces; dims = 2)) < 1e-9
        for stage in setdiff(first.(seen), ["train"])
            refused = thrown(() -> fit(kind, dataset; training..., progress = p -> p.stage != stage))
            @test refused.status == Ternion.Raw.CANCELLED
        end
    end
    stopped = ErrorException("in the training")
    stop(p) = p.stage == "train" ? throw(stopped) : true
    @test thrown(() -> fit("network", dataset; training..., progress = stop)) === stopped
end

@testset "a callback may use the library and the garbage collector" begin
    dataset, inner = clusters(10), Float64[]
    model = fit("ridge", dataset; SMALL..., progress = report -> begin
        GC.gc()
        thrown(() -> Descriptor("density"; cutof = 1)) isa TernionError || error("not refused")
        push!(inner, predict(fit("ridge", dataset[1:5]; SMALL...), dataset[1].system).energy)
    end)
    @test !isempty(inner) && inner[1] != predict(model, dataset[1].system).energy
end

# In a process of its own, which turns Ctrl-C into an exception like an interactive session.
@testset "an interrupt stops a fit" begin
    script = """
        include("support.jl")
        ccall(:jl_exit_on_sigint, Cvoid, (Cint,), 0)
        dataset = clusters(100)[repeat(1:100, 400)]  # about ten seconds
        fit("ridge", dataset[1:1]; SMALL...)
        println("ready")
        flush(stdout)
        seconds = @elapsed try
            fit("ridge", dataset; cutoff = 5.0, threads = 1)
        catch exception
            println(exception isa InterruptException)
        end
        println(seconds < 3)
        """
    process = open(Cmd(`$(Base.julia_cmd()) --startup-file=no -e $script`; dir = @__DIR__))
    @test readline(process) == "ready"
    sleep(0.7)
    kill(process, Base.SIGINT)
    @test readline(process) == "true"
    @test readline(process) == "true"
    wait(process)
end

@testset "threads share a model" begin
    @test Threads.nthreads() > 1
    dataset = clusters(20)
    model = fit("ridge", dataset; threads = 1, SMALL...)
    systems = [frame.system for frame in dataset]
    expected = [predict(model, system).energy for system in systems]
    right = zeros(Bool, 200)
    Threads.@threads for index in 1:200
        same = predict(model, systems[mod1(index, 20)]).energy == expected[mod1(index, 20)]
        refusal = thrown(() -> Descriptor("density"; Symbol("wrong", index) => 1))
        right[index] = same && occursin("'wrong$index'", refusal.message)
    end
    @test all(right)
end

@testset "arrays are not copied" begin
    species, positions, cell = Int32[14, 14], rand(3, 2), [8.0 0 0; 0 8 0; 0 0 8]
    @test Ternion.as_memory(Int32, species) === species
    @test Ternion.as_memory(Float64, positions) === positions
    System(species, positions; cell = cell)
    system = System(fill(Int32(14), 100_000), rand(3, 100_000))
    positions = rand(3, 100_000)
    species = fill(Int32(14), 100_000)
    @test (@allocated System(species, positions)) < 10_000
    descriptor = Descriptor("density"; species = [14], SMALL...)
    small = System(fill(14, 50), 10 * rand(3, 50))
    values = compute(descriptor, small)
    compute!(values, descriptor, small)
    @test (@allocated compute!(values, descriptor, small)) < 1_000
    pullback(descriptor, small, values)
    @test (@allocated pullback(descriptor, small, values)) < sizeof(values) / 2
end

resident() = parse(Int, split(read("/proc/self/statm", String))[2]) * ccall(:getpagesize, Cint, ())

@testset "handles are freed" begin
    mktempdir() do folder
        dataset = clusters(60)
        train, stored, never = joinpath.(folder, ("train.extxyz", "model.tern", "never.extxyz"))
        save(dataset, train)
        save(fit("ridge", dataset; SMALL...), stored)
        positions = 50 * rand(3, 2000)
        make_everything() = begin
            system = System(fill(14, 2000), positions)
            Dataset(train)[1:30]
            predict(Model(stored), dataset[1].system)
            Descriptor("power_spectrum"; species = [14])
            read(Reader(train), 20)
            push!(Writer(never), system)
            thrown(() -> fit("ridge", dataset; progress = report -> false, SMALL...))
        end
        repeat_and_collect(count) = for index in 1:count
            make_everything()
            index % 10 == 0 && GC.gc()
        end
        repeat_and_collect(50)
        before = resident()
        repeat_and_collect(250)
        @test resident() - before < 16 << 20
        @test !isfile(never) && length(readdir(folder)) == 2
    end
end

@testset "finalized handles are refused" begin
    system = System([14], zeros(3, 1))
    finalize(system)
    finalize(system)
    @test thrown(() -> length(system)).status == Ternion.Raw.ERROR_ARGUMENT
    @test deepcopy(system) === system
end

"What loading the package says with another library."
function loaded_with(path)
    output = Pipe()
    script = `$(Base.julia_cmd()) --startup-file=no -e "using Ternion; print(\"loaded\")"`
    process = run(pipeline(ignorestatus(addenv_of(script, path)); stdout = output, stderr = output))
    close(output.in)
    return process.exitcode, read(output, String)
end

addenv_of(command, path) = setenv(command, merge(ENV, Dict("TERNION_LIBRARY" => path)))

@testset "libraries that do not fit" begin
    code, says = loaded_with(ENV["TERNION_LIBRARY"])
    @test code == 0 && endswith(says, "loaded")
    code, says = loaded_with(ENV["TERNION_WRONG_ABI"])
    @test code == 1 && all(word -> occursin(word, says), (ENV["TERNION_WRONG_ABI"], "99", "needs 1", "TERNION_LIBRARY"))
    code, says = loaded_with("/none.so")
    @test code == 1 && occursin("libternion was not found", says) && occursin("/none.so", says)
    code, says = loaded_with("libc.so.6")
    @test code == 1 && occursin("is not libternion", says)
end

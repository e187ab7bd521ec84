# SPDX-License-Identifier: BSD-3-Clause
# A process that holds BLAS libraries of 64-bit integers keeps working, and so does Ternion in it: Julia's own, and one
# that offers the usual names to everybody.

include("support.jl")
using Libdl

function solve_works()
    random = MersenneTwister(7)
    matrix, vector = randn(random, 120, 120) + 12I, randn(random, 120)
    return norm(matrix * (matrix \ vector) - vector) < 1e-10 &&
           norm(Matrix(qr(matrix).Q) * qr(matrix).R - matrix) < 1e-10 &&
           sum(svdvals(matrix) .^ 2) ≈ sum(abs2, matrix)
end

function fit_works()
    blocks = golden("ridge_forces.txt")
    model = fit("ridge", Dataset(joinpath(GOLDEN, blocks["train"][1])); golden_options(blocks)...)
    energy, forces, _ = predict(model, golden_system(blocks, "test1_"))
    return close_to([energy], blocks["test1_energy"], 1e-6) && close_to(forces, blocks["test1_forces"], 1e-6)
end

@testset "Julia's BLAS has 64-bit integers" begin
    @test LinearAlgebra.BlasInt == Int64
    @test solve_works()
    @test fit_works()
    @test solve_works()
end

@testset "so has one whose names are open to all" begin
    library = Libdl.dlopen("libopenblas64.so.0", Libdl.RTLD_GLOBAL | Libdl.RTLD_NOW)
    @test occursin("USE64BITINT", unsafe_string(ccall(Libdl.dlsym(library, :openblas_get_config), Cstring, ())))
    @test Libdl.dlsym(library, :dgemm_) != C_NULL
    @test fit_works()
    @test solve_works()
    @test info()["blas"]["integer_bits"] == 32
end

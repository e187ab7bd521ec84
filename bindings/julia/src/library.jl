# SPDX-License-Identifier: BSD-3-Clause
# Finding and checking the shared library, and turning statuses into exceptions.

using Libdl
using .Raw: ABI_VERSION, SUCCESS, ERROR_OPTION, ERROR_MISSING, CANCELLED, TARGET_ENERGY, TARGET_FORCES, TARGET_VIRIAL,
            FIELD_NAME, FIELD_TYPE, FIELD_DEFAULT, FIELD_UNIT, FIELD_RANGE, FIELD_MEANING

"""
    TernionError

What a failed call throws: `status`, one of the numbers `Ternion.Raw.ERROR_...` or `Ternion.Raw.CANCELLED`, and
`message`, which names what was wrong and what would be valid.
"""
struct TernionError <: Exception
    status::Int32
    message::String
end

Base.showerror(io::IO, error::TernionError) = print(io, "TernionError: ", error.message)
Base.show(io::IO, error::TernionError) = showerror(io, error)

"Throws the library's message unless the call succeeded; to be used right after the call, on the same thread."
function check(status)
    status == SUCCESS && return nothing
    throw(TernionError(status, text(Raw.last_error)))
end

"The text that a getter gives: `getter(buffer, capacity, length)`, asked for its length first."
function text(getter)
    needed = Ref{Int64}(0)
    check(getter(C_NULL, 0, needed))
    buffer = Vector{UInt8}(undef, needed[] + 1)
    check(getter(buffer, length(buffer), needed))
    return String(resize!(buffer, needed[]))
end

"The number that a getter gives: `getter(number)`."
function count_of(getter)
    number = Ref{Int64}(0)
    check(getter(number))
    return Int(number[])
end

"The handle that a function makes: `maker(handle)`."
function create(maker)
    handle = Ref{Ptr{Cvoid}}(C_NULL)
    check(maker(handle))
    return handle[]
end

"What owns a handle of the library. A call keeps it alive; `finalize` frees it at once, the garbage collector later."
abstract type Owner end

# The library answers a NULL handle with an error, so a finalized object is harmless.
Base.unsafe_convert(::Type{Ptr{Cvoid}}, owner::Owner) = getfield(owner, :handle)
Base.deepcopy_internal(owner::Owner, ::IdDict) = owner

function release(owner::Owner, free)
    handle = getfield(owner, :handle)
    setfield!(owner, :handle, C_NULL)
    free(handle)
    return nothing
end

# An array as the library reads it: the same memory when the element type fits.
as_memory(::Type{T}, values::Array{T}) where {T} = values
as_memory(::Type{T}, values) where {T} = convert(Array{T}, values)

function check_shape(name, values, shape)
    size(values) == shape && return values
    throw(DimensionMismatch("$name has the size $(join(size(values), " x ")) instead of $(join(shape, " x "))"))
end

# The library's [a][b] is [b, a] in Julia's memory. Dimensions `first` and `first + 1` are exchanged in place, so that
# indices mean what the formulas say.
function turn!(tensors, first)
    after = CartesianIndices(axes(tensors)[first+2:end])
    for item in after, a in 2:3, b in 1:a-1, feature in CartesianIndices(axes(tensors)[1:first-1])
        one, other = tensors[feature, a, b, item], tensors[feature, b, a, item]
        tensors[feature, a, b, item], tensors[feature, b, a, item] = other, one
    end
    return tensors
end

file_name() = Sys.isapple() ? "libternion.$ABI_VERSION.dylib" :
              Sys.iswindows() ? "ternion.dll" : "libternion.so.$ABI_VERSION"

"Where the library may be, best first: the environment's choice alone; or the installed tree, then the system's path."
function candidates()
    chosen = get(ENV, "TERNION_LIBRARY", "")
    isempty(chosen) || return [chosen]
    package = dirname(@__DIR__)
    folders = String[]
    if endswith(package, joinpath("share", "ternion", "julia"))
        prefix = dirname(dirname(dirname(package)))
        folders = joinpath.(prefix, ["lib", "lib64", joinpath("lib", "$(Sys.ARCH)-linux-gnu"), "bin"])
    end
    return [filter(isfile, joinpath.(folders, file_name())); file_name()]
end

function open_library()
    failures = String[]
    for path in candidates()
        try
            return path, Libdl.dlopen(path)
        catch failure
            push!(failures, sprint(showerror, failure))
        end
    end
    error("libternion was not found. Install it, or set the environment variable TERNION_LIBRARY to the path of " *
          "$(file_name()). Tried:\n  ", join(failures, "\n  "))
end

function check_abi(path, library)
    if Libdl.dlsym(library, :tern_abi_version; throw_error = false) === nothing
        error("$path is not libternion; TERNION_LIBRARY has to be the path of $(file_name())")
    end
    number = Raw.abi_number(library)
    number == ABI_VERSION || error(
        "$path has the binary interface $number, but this Ternion.jl $(Raw.VERSION_STRING) needs $ABI_VERSION. " *
        "Use the Ternion.jl that was installed with that library, or set TERNION_LIBRARY to the path of a " *
        "$(file_name()).")
end

function __init__()
    path, library = open_library()
    check_abi(path, library)
    Raw.load!(library)
end

"""
    info()
    info(path)
    info(model), info(descriptor)

What the library says about this build and process (release, instruction set, BLAS, threads), about a file, or about a
fitted model or descriptor (kind, options, species, report of the fit): a `Dict{String,Any}`.
"""
info() = parse_json(text(Raw.info))
info(path::AbstractString) = parse_json(text((arguments...) -> Raw.file_info(path, arguments...)))

"Release of the library, such as `v\"0.1.0\"`."
version() = VersionNumber(text(Raw.version))

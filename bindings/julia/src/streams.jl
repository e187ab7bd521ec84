# SPDX-License-Identifier: BSD-3-Clause

"""
    Reader(path; chunk = 256, options...)

A structure file that is read piece by piece, so that memory does not grow with it. Iterating gives [`Frame`](@ref)s;
`read(reader, count)` gives the next structures as a [`Dataset`](@ref), empty at the end of the file. `close` it, or use

    Reader("large.extxyz.gz") do reader
        for frame in reader
            println(frame.energy)
        end
    end
"""
mutable struct Reader <: Owner
    handle::Ptr{Cvoid}
    chunk::Int
    Reader(handle::Ptr{Cvoid}, chunk) = finalizer(reader -> release(reader, Raw.reader_free), new(handle, chunk))
end

function Reader(path::AbstractString; chunk::Integer = 256, options...)
    return Reader(with_options(chosen -> create(handle -> Raw.reader_open(handle, path, chosen)), options), chunk)
end

function Reader(action::Function, path::AbstractString; keywords...)
    reader = Reader(path; keywords...)
    try
        return action(reader)
    finally
        close(reader)
    end
end

Base.close(reader::Reader) = finalize(reader)
Base.read(reader::Reader, count::Integer) = Dataset(create(handle -> Raw.reader_next(reader, count, handle)))
Base.IteratorSize(::Type{Reader}) = Base.SizeUnknown()
Base.eltype(::Type{Reader}) = Frame

function Base.iterate(reader::Reader, (dataset, index) = (read(reader, reader.chunk), 1))
    if index > length(dataset)
        index == 1 && return nothing
        dataset, index = read(reader, reader.chunk), 1
        length(dataset) == 0 && return nothing
    end
    return dataset[index], (dataset, index + 1)
end

"""
    Writer(path)

A structure file that is written piece by piece: `push!(writer, system; energy, forces, virial)` or
`push!(writer, frame)`. The file appears under its name at `close`, whole; a writer that is never closed leaves nothing.
With a block, an exception discards the file:

    Writer("relaxed.extxyz") do writer
        push!(writer, system; energy = -3.2)
    end
"""
mutable struct Writer <: Owner
    handle::Ptr{Cvoid}
    Writer(handle::Ptr{Cvoid}) = finalizer(writer -> release(writer, Raw.writer_free), new(handle))
end

Writer(path::AbstractString) = Writer(create(handle -> Raw.writer_open(handle, path)))

function Writer(action::Function, path::AbstractString)
    writer = Writer(path)
    try
        result = action(writer)
        close(writer)
        return result
    finally
        finalize(writer)
    end
end

function Base.push!(writer::Writer, system::System; energy = nothing, forces = nothing, virial = nothing)
    check(Raw.writer_append(writer, system, target_memory(system, energy, forces, virial)...))
    return writer
end

Base.push!(writer::Writer, frame::Frame) =
    push!(writer, frame.system; energy = frame.energy, forces = frame.forces, virial = frame.virial)

function Base.close(writer::Writer)
    writer.handle == C_NULL && return nothing
    check(Raw.writer_close(writer))
    finalize(writer)
end

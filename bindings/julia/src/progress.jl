# SPDX-License-Identifier: BSD-3-Clause
# Progress of long work. The C side calls one plain function; what the user gave travels in the context, because
# closures cannot become C functions on every platform. An exception must not unwind through C: it is kept, the work is
# stopped with a negative status, and the exception is thrown again once the library has returned.

const CALLBACK_THREW = Int32(-1)

mutable struct ProgressState
    callback::Any
    exception::Any
end

function progress_called(stage::Cstring, done::Int64, total::Int64, loss::Float64, context::Ptr{Cvoid})::Int32
    state = unsafe_pointer_to_objref(context)::ProgressState
    try
        disable_sigint(() -> nothing)  # an interrupt that is waiting is thrown where it is enabled again
        state.callback === nothing && return Int32(0)
        report = (stage = unsafe_string(stage), done = done, total = total, loss = loss < 0 ? nothing : loss)
        return state.callback(report) === false ? Int32(1) : Int32(0)
    catch exception
        state.exception = exception
        return CALLBACK_THREW
    end
end

"""
Runs `action(callback, context)`, which returns a status, with a progress callback in the library's form. It is there
even when `progress` is `nothing`, so that an interrupt (Ctrl-C) stops the work cleanly.
"""
function with_progress(action, progress)
    state = ProgressState(progress, nothing)
    callback = @cfunction(progress_called, Int32, (Cstring, Int64, Int64, Float64, Ptr{Cvoid}))
    status = GC.@preserve state action(callback, pointer_from_objref(state))
    state.exception === nothing || throw(state.exception)
    check(status)
end

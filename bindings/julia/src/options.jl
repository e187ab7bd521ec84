# SPDX-License-Identifier: BSD-3-Clause
# Options are keywords in Julia; the handle lives only as long as the call that they are given to.

"Runs `action(handle)` with the keywords as options of the library; the handle is `C_NULL` when there are none."
function with_options(action, keywords)
    isempty(keywords) && return action(C_NULL)
    handle = create(Raw.options_new)
    try
        for (key, value) in keywords
            set_option(handle, String(key), value)
        end
        return action(handle)
    finally
        Raw.options_free(handle)
    end
end

set_option(handle, key, ::Nothing) = nothing
set_option(handle, key, value::Union{AbstractString,Symbol}) = check(Raw.options_set(handle, key, string(value)))
set_option(handle, key, value::Integer) = check(Raw.options_set_int(handle, key, value))
set_option(handle, key, value::Real) = check(Raw.options_set_double(handle, key, value))

function set_option(handle, key, values::Union{AbstractVector,Tuple})
    if all(value -> value isa Integer, values)
        check(Raw.options_set_ints(handle, key, length(values), collect(Int64, values)))
    elseif all(value -> value isa Real, values)
        check(Raw.options_set_doubles(handle, key, length(values), collect(Float64, values)))
    else
        check(Raw.options_set(handle, key, join(values, ',')))
    end
end

# Such as the energies e0 of each species.
set_option(handle, key, values::AbstractDict) =
    check(Raw.options_set(handle, key, join(("$name:$value" for (name, value) in values), ',')))

set_option(handle, key, value) =
    throw(TernionError(Raw.ERROR_OPTION,
                       "option '$key' takes text, a number or a list of them, not a $(typeof(value))"))

"""
    Ternion.options(kind = nothing)

What can be set for a kind of descriptor or model, for `"dataset"`, or altogether: a vector of named tuples
`(name, type, default, unit, range, meaning)`.

    for option in Ternion.options("ridge")
        println(option.name, " = ", option.default, ' ', option.unit, "  ", option.meaning)
    end
"""
function options(kind = nothing)
    name = kind === nothing ? C_NULL : string(kind)
    fields = (name = FIELD_NAME, type = FIELD_TYPE, default = FIELD_DEFAULT, unit = FIELD_UNIT, range = FIELD_RANGE,
              meaning = FIELD_MEANING)
    entry(index) = map(field -> text((arguments...) -> Raw.options_entry(name, index, field, arguments...)), fields)
    return [entry(index) for index in 0:count_of(count -> Raw.options_count(name, count))-1]
end

"""
    Ternion.kinds()

The kinds of descriptors and models: a vector of named tuples `(name, type, meaning)`, where `type` is `"descriptor"` or
`"model"`.
"""
function kinds()
    fields = (name = FIELD_NAME, type = FIELD_TYPE, meaning = FIELD_MEANING)
    entry(index) = map(field -> text((arguments...) -> Raw.kinds_entry(index, field, arguments...)), fields)
    return [entry(index) for index in 0:count_of(Raw.kinds_count)-1]
end

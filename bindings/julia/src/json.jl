# SPDX-License-Identifier: BSD-3-Clause
# The library describes itself in JSON, which the standard library of Julia does not read. Only what the library writes
# has to be understood here, so a malformed text is an error without a position.

mutable struct JsonText
    text::String
    at::Int
end

"Value of a JSON text: `Dict{String,Any}`, `Vector{Any}`, `String`, `Int`, `Float64`, `Bool` or `nothing`."
parse_json(text::AbstractString) = json_value(JsonText(String(text), 1))

function json_peek(json)
    while isspace(json.text[json.at])
        json.at += 1
    end
    return json.text[json.at]
end

function json_take(json, wanted::Char)
    found = json_peek(json) == wanted
    found && (json.at += 1)
    return found
end

json_expect(json, wanted::Char) = json_take(json, wanted) || error("malformed JSON: expected '$wanted'")

function json_value(json)
    next = json_peek(json)
    next == '{' && return json_object(json)
    next == '[' && return json_array(json)
    next == '"' && return json_string(json)
    word = match(r"[-+.\w]+", json.text, json.at)
    json.at += length(word.match)
    word.match == "true" && return true
    word.match == "false" && return false
    word.match == "null" && return nothing
    return something(tryparse(Int, word.match), parse(Float64, word.match))
end

function json_object(json)
    members = Dict{String,Any}()
    json_expect(json, '{')
    while !json_take(json, '}')
        json_peek(json)
        key = json_string(json)
        json_expect(json, ':')
        members[key] = json_value(json)
        json_take(json, ',')
    end
    return members
end

function json_array(json)
    items = Any[]
    json_expect(json, '[')
    while !json_take(json, ']')
        push!(items, json_value(json))
        json_take(json, ',')
    end
    return items
end

function json_string(json)
    quoted = match(r"\"((?:[^\"\\]|\\.)*)\"", json.text, json.at)
    json.at += ncodeunits(quoted.match)
    return json_unescape(quoted[1])
end

# \uXXXX also comes as a pair for characters beyond the first plane.
function json_unescape(text)
    occursin('\\', text) || return String(text)
    short = Dict('n' => "\n", 't' => "\t", 'r' => "\r", 'b' => "\b", 'f' => "\f")
    return replace(text, r"\\u[dD][89abAB]..\\u....|\\u....|\\." => found -> begin
        code = k -> parse(UInt32, found[k:k+3]; base = 16)
        length(found) == 12 && return string(Char(0x10000 + (code(3) - 0xd800) << 10 + (code(9) - 0xdc00)))
        length(found) == 6 && return string(Char(code(3)))
        return get(short, found[2], string(found[2]))
    end)
end

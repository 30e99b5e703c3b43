-- Sends requests with the tokens of a file, in turn.
local requests, last = {}, 0

function init(args)
    for token in io.lines(args[1]) do
        requests[#requests + 1] = wrk.format("GET", nil, { Authorization = "Bearer " .. token })
    end
end

function request()
    last = last % #requests + 1
    return requests[last]
end

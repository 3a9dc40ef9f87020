-- Sends the requests of a file in turn, a line each: method, path and body, separated by tabs.
-- Arguments: the file, the API key, and ten characters that no other run uses, for document numbers.
-- Ends with one line of JSON for load.py.

local NUMBER = "@@@@@@@@@@@@@@@@" -- in a body; replaced by 16 other characters, so that the length stays

local requests, position, serial, run = {}, 0, 0, ""

function init(args)
  wrk.headers["Authorization"] = "Bearer " .. args[2]
  wrk.headers["Content-Type"] = "application/json"
  run = args[3]
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^(%S+)\t(%S+)\t(.*)$")
    if body == "" then body = nil end
    requests[#requests + 1] = wrk.format(method, path, nil, body)
  end
end

function request()
  position = position % #requests + 1
  local text = requests[position]
  local first, last = text:find(NUMBER, 1, true)
  if not first then return text end
  serial = serial + 1
  return text:sub(1, first - 1) .. run .. string.format("%06d", serial) .. text:sub(last + 1)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end

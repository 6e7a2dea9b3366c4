-- Apply a commit whole or not at all: compare every version, then write documents, indexes, event and key.
--
-- KEYS[1] base. ARGV: 1 fenced?, 2 idempotency key ("" for none), 3 content of the event, 4 area and 5 token of the lease that the
-- writer must hold ("" for none), then five for each document: kind, id, expected version, places (JSON array), body ("" deletes).
-- Answers {"ok", sequence}, {"again", sequence, content}, {"trimmed", sequence} where only the ledger has the event any more,
-- {"stale", number of the write, actual version}, {"unled"}, {"fenced"}.

if fenced() then
  return {'fenced'}
end
local key = ARGV[2]
if key ~= '' then
  local sequence = redis.call('HGET', base .. ':keys', key)
  if sequence then
    local entry = stream_entry(sequence)
    if not entry then
      return {'trimmed', tonumber(sequence)}
    end
    return {'again', tonumber(sequence), entry[2][2]}
  end
end
if ARGV[4] ~= '' and redis.call('GET', base .. ':lease:' .. ARGV[4]) ~= ARGV[5] then
  return {'unled'}
end
for at = 6, #ARGV, 5 do
  local kept = redis.call('HGET', base .. ':docs:' .. ARGV[at], ARGV[at + 1])
  local actual = kept and string.match(kept, '^(%d+)\n') or '0'
  if actual ~= ARGV[at + 2] then
    return {'stale', (at - 6) / 5, tonumber(actual)}
  end
end
-- The stream first: it alone can refuse (an id not above its last), and then nothing has been written yet.
local sequence = (tonumber(redis.call('GET', base .. ':head')) or 0) + 1
sequence = string.format('%d', sequence)
redis.call('XADD', base .. ':events', sequence .. '-0', 'e', ARGV[3])
redis.call('SET', base .. ':head', sequence)
if key ~= '' then
  redis.call('HSET', base .. ':keys', key, sequence)
end
for at = 6, #ARGV, 5 do
  put(ARGV[at], ARGV[at + 1], string.format('%d', ARGV[at + 2] + 1), sequence, ARGV[at + 3], ARGV[at + 4])
end
return {'ok', tonumber(sequence)}

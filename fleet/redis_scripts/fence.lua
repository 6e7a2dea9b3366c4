-- Put in front of every other script.
--
-- Keys of a store, all under one hash tag, so that a cluster keeps them in one slot (KEYS[1] is the base, "{prefix}"):
--   {prefix}:head            text    sequence of the newest event
--   {prefix}:events          stream  one entry per event, id "<sequence>-0", field "e": its content;
--                                    behind a ledger only the newest
--   {prefix}:keys            hash    idempotency key -> sequence
--   {prefix}:docs:<kind>     hash    id -> version LF sequence LF places LF body
--   {prefix}:ids:<place>     zset    ids, all with score 0, so that they lie in byte order;
--                                    a place is "<kind>" or "<kind>:<field>:<value>"
--   {prefix}:archived        stream  its last id is "<sequence>-0" of the newest event that is in the ledger
--   {prefix}:fence           text    run id of the server process that was found in step with the ledger
--   {prefix}:lease:<area>    text    token of the worker that leads the area; expires unless it is kept
--   {prefix}:lock:<run id>   text    held while a store is brought in step with its ledger
-- The kinds and places of a call follow from its documents: their keys are put together here, from the base.
--
-- ARGV[1] is "1" for a store that stands before a ledger. Such a store answers only while its server process is the
-- one that was admitted: a process that started anew may have lost its last second, and must first be compared.

local base = KEYS[1]

local function run_id()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end

local function fenced()
  return ARGV[1] == '1' and redis.call('GET', base .. ':fence') ~= run_id()
end

local function stream_entry(sequence)
  local id = sequence .. '-0'
  return redis.call('XRANGE', base .. ':events', id, id)[1]
end

local function put(kind, id, version, sequence, places, body)
  local docs = base .. ':docs:' .. kind
  local before = redis.call('HGET', docs, id)
  if before then
    for _, place in ipairs(cjson.decode(string.match(before, '^%d+\n%d+\n([^\n]*)\n'))) do
      redis.call('ZREM', base .. ':ids:' .. place, id)
    end
  end
  if body == '' then
    redis.call('HDEL', docs, id)
    return
  end
  redis.call('HSET', docs, id, version .. '\n' .. sequence .. '\n' .. places .. '\n' .. body)
  for _, place in ipairs(cjson.decode(places)) do
    redis.call('ZADD', base .. ':ids:' .. place, 0, id)
  end
end

-- Take in an event as the ledger tells it, with the documents as they were then.
--
-- KEYS[1] base. ARGV: 1 "0", 2 idempotency key ("" for none), 3 content of the event, 4 its sequence,
-- then five for each document: kind, id, version, places (JSON array), body ("" deletes).
-- Answers 1, or 0 when the sequence does not follow the store's head.

local sequence = ARGV[4]
if (tonumber(redis.call('GET', base .. ':head')) or 0) + 1 ~= tonumber(sequence) then
  return 0
end
redis.call('XADD', base .. ':events', sequence .. '-0', 'e', ARGV[3])
redis.call('SET', base .. ':head', sequence)
if ARGV[2] ~= '' then
  redis.call('HSET', base .. ':keys', ARGV[2], sequence)
end
for at = 5, #ARGV, 5 do
  put(ARGV[at], ARGV[at + 1], ARGV[at + 2], sequence, ARGV[at + 3], ARGV[at + 4])
end
return 1

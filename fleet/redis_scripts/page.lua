-- One page of a kind or of an index, from one moment.
--
-- KEYS[1] base. ARGV: 1 fenced?, 2 kind, 3 place, 4 lower bound ("-" or "(id"), 5 limit.
-- Answers {"ok", 1 if more follow else 0, id, what is kept, id, ...} or {"fenced"}.

if fenced() then
  return {'fenced'}
end
local limit = tonumber(ARGV[5])
local ids = redis.call('ZRANGEBYLEX', base .. ':ids:' .. ARGV[3], ARGV[4], '+', 'LIMIT', 0, limit + 1)
local answer = {'ok', #ids > limit and 1 or 0}
for number = 1, math.min(#ids, limit) do
  answer[#answer + 1] = ids[number]
  answer[#answer + 1] = redis.call('HGET', base .. ':docs:' .. ARGV[2], ids[number])
end
return answer

-- Take, keep or give back the lead of an area.
--
-- KEYS[1] base. ARGV: 1 fenced?, 2 name of the area, 3 token of the asker, 4 milliseconds it lasts (0 gives it back).
-- Answers {"ok", token of the leader ("" for none)} or {"fenced"}.

if fenced() then
  return {'fenced'}
end
local key = base .. ':lease:' .. ARGV[2]
local leader = redis.call('GET', key)
if leader and leader ~= ARGV[3] then
  return {'ok', leader}
end
if tonumber(ARGV[4]) > 0 then
  redis.call('SET', key, ARGV[3], 'PX', ARGV[4])
  return {'ok', ARGV[3]}
end
redis.call('DEL', key)
return {'ok', ''}

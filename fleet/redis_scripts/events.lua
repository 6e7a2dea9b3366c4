-- Events above a sequence, in order.
--
-- KEYS[1] base. ARGV: 1 fenced?, 2 after, 3 limit. Answers {"ok", head, archived, id, content, id, ...} or {"fenced"}.

if fenced() then
  return {'fenced'}
end
local archived = redis.call('XREVRANGE', base .. ':archived', '+', '-', 'COUNT', 1)[1]
local answer = {'ok', tonumber(redis.call('GET', base .. ':head') or 0), archived and archived[1] or '0-0'}
if tonumber(ARGV[3]) > 0 then
  local from = string.format('%d', ARGV[2] + 1)
  for _, entry in ipairs(redis.call('XRANGE', base .. ':events', from, '+', 'COUNT', ARGV[3])) do
    answer[#answer + 1] = entry[1]
    answer[#answer + 1] = entry[2][2]
  end
end
return answer

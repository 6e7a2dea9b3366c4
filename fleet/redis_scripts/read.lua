-- One document. KEYS[1] base. ARGV: 1 fenced?, 2 kind, 3 id. Answers {"ok", what is kept or nothing} or {"fenced"}.

if fenced() then
  return {'fenced'}
end
return {'ok', redis.call('HGET', base .. ':docs:' .. ARGV[2], ARGV[3])}

-- Open a store to its readers and writers, if it still is the process and the head that were compared with the ledger.
--
-- KEYS[1] base. ARGV: 1 "0", 2 run id, 3 head. Answers 1 or 0.

if run_id() ~= ARGV[2] or (redis.call('GET', base .. ':head') or '0') ~= ARGV[3] then
  return 0
end
redis.call('SET', base .. ':fence', ARGV[2])
return 1

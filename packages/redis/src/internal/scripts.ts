/** Redis runs a script in one step. The keys of each share a hash tag, so that all work in a cluster. */

/** KEYS: record, staged tokens. ARGV: expected version. Answers `{1, version}`, or `{0, version?, tokens?}`. */
export const save = `
local tokens = redis.call('get', KEYS[2])
redis.call('del', KEYS[2])
if not tokens then return redis.error_reply('STAGED tokens are gone') end
local current = redis.call('hmget', KEYS[1], 'version', 'tokens')
local at = '0'
if current[2] then at = current[1] end
if at ~= ARGV[1] then return {0, current[1], current[2]} end
local version = redis.call('hincrby', KEYS[1], 'version', 1)
redis.call('hset', KEYS[1], 'tokens', tokens)
return {1, tostring(version)}`

/** KEYS: lease. ARGV: owner, milliseconds. 1 if it was free, or already this owner's. */
export const take = `
if redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('pexpire', KEYS[1], ARGV[2])`

/** KEYS: lease. ARGV: owner, milliseconds. 1 if it is still this owner's. */
export const renew = `
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('pexpire', KEYS[1], ARGV[2])`

/** KEYS: lease. ARGV: owner. */
export const release = `
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('del', KEYS[1])`

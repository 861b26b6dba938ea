import type { KeyRules } from './keys.ts'
import { hideValues, redacted } from './values.ts'

// Redis commands whose first argument is a key's name. What is in neither list is no command to us.
const withKey: ReadonlySet<string> = new Set(
  `append bitcount blpop brpop decr decrby del exists expire expireat geoadd get getbit getdel getex getrange getset hdel hexists hget
   hgetall hincrby hkeys hlen hmget hmset hscan hset hsetnx hvals incr incrby incrbyfloat lindex linsert llen lpop lpush lrange lrem lset
   ltrim mget persist pexpire pexpireat pfadd pfcount psetex pttl publish rpop rpush sadd scard set setbit setex setnx setrange sismember
   smembers spop srandmember srem sscan strlen subscribe ttl unlink xack xadd xdel xlen xrange zadd zcard zcount zincrby zrange
   zrangebyscore zrank zrem zscan zscore`.split(/\s+/)
)
// Credentials, scripts and settings: nothing but the name.
const withoutKey: ReadonlySet<string> = new Set(
  `acl auth bgsave client cluster command config dbsize debug discard echo eval evalsha fcall flushall flushdb hello info keys migrate
   monitor msetnx mset multi ping psubscribe quit randomkey role scan script unwatch wait watch xgroup xread xreadgroup`.split(
    /\s+/
  )
)

// The same of commands that a client told us of. As the first word of a text that may be anything these would be mistaken: COPY is SQL, TYPE
// is English.
const keyOfCommand: ReadonlySet<string> = new Set([
  ...withKey,
  ...`bitfield bitfield_ro bitpos blmove brpoplpush bzpopmax bzpopmin copy dump expiretime geodist geohash geopos georadius
   georadiusbymember geosearch getrange hexpire hincrbyfloat hpersist hpexpire hpttl hrandfield hstrlen httl json.del json.get json.set lmove lpos lpushx
   pexpiretime rename renamenx restore rpoplpush rpushx sdiff sdiffstore sinter sinterstore smismember smove sort sort_ro spublish
   ssubscribe sunion sunionstore touch type watch xautoclaim xclaim xpending xrevrange xtrim zincrby zlexcount zmscore zpopmax zpopmin
   zrandmember zrangebylex zrangestore zremrangebylex zremrangebyrank zremrangebyscore zrevrange zrevrangebyscore zrevrank
   zunionstore`.split(/\s+/)
])
// "JSON.SET", "FT.SEARCH", and what Lua scripts are called by.
const commandName = /^[a-z][\w.-]{0,63}$/i

// SET is SQL's too: of a variable, of a session's property.
const sqlSet =
  /^set\s+(?:\S+?\s*(?::?=|to\s)|(?:session|global|local|names|role|transaction|character|password|schema|constraints|identity_insert|nocount|@)\b)/i
const counted = /^\[\d{1,10} args\]$/
const maxKeyLength = 128

/** A Redis command that a client was told to send: its name, its key if it is known to have one, and the number of its other arguments. */
export function describeCommand(name: string, args: readonly unknown[], rules: KeyRules): string {
  const shown = commandName.test(name) ? hideValues(name) : redacted
  if (args.length === 0) return shown
  const [key] = args
  if (typeof key !== 'string' || !keyOfCommand.has(name.toLowerCase()))
    return `${shown} [${args.length} args]`
  const keyed = `${shown} ${cleanKey(key, rules)}`
  return args.length === 1 ? keyed : `${keyed} [${args.length - 1} args]`
}

/** A text that reads as a Redis command, with its key and the number of its arguments; undefined for anything else. */
export function cleanCommand(text: string, rules: KeyRules): string | undefined {
  const name = /^\s*([a-z]{3,12})(?=\s|$)/i.exec(text)?.[1]
  if (name === undefined) return undefined
  const lower = name.toLowerCase()
  const keyed = withKey.has(lower)
  if (!keyed && !withoutKey.has(lower)) return undefined
  if (lower === 'set' && sqlSet.test(text.slice(0, 256).trimStart())) return undefined
  let rest = text.slice(text.indexOf(name) + name.length).trim()
  let shown = name
  if (keyed && rest !== '' && !counted.test(rest)) {
    const end = /\s/.exec(rest)?.index ?? rest.length
    shown += ` ${cleanKey(rest.slice(0, end), rules)}`
    rest = rest.slice(end).trim()
  }
  if (rest === '') return shown
  return counted.test(rest) ? `${shown} ${rest}` : `${shown} [${rest.split(/\s+/).length} args]`
}

function cleanKey(key: string, rules: KeyRules): string {
  const secret =
    key.length > maxKeyLength ||
    rules.secrecy(key) !== 'open' ||
    hideValues(key) !== key ||
    key.split(':').some((part) => isSession(part) || rules.secrecy(part) !== 'open')
  return secret ? redacted : key
}

// express-session's and koa-session's keys are "sess:" and the session's id, which is all that a thief needs.
function isSession(part: string): boolean {
  return part === 'sess' || part === 'koa.sess'
}

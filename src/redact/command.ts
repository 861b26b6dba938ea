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

// SET is SQL's too: of a variable, of a session's property.
const sqlSet =
  /^set\s+(?:\S+?\s*(?::?=|to\s)|(?:session|global|local|names|role|transaction|character|password|schema|constraints|identity_insert|nocount|@)\b)/i
const counted = /^\[\d{1,10} args\]$/
const maxKeyLength = 128

/** A Redis command with its key and the number of its arguments; undefined for anything else. */
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
    key.length > maxKeyLength || rules.secrecy(key) !== 'open' || hideValues(key) !== key
  return secret ? redacted : key
}

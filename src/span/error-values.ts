// Characters; the expressions below look at each of their beginnings for an end, and a message can be as long as what a stranger has sent.
const maxMessage = 4096

/**
 * A database's error message without the values of the statement: they are never recorded, and databases quote what they refused. `code` is
 * the error's own.
 */
export function withoutValues(whole: string, code: string): string {
  const message = whole.slice(0, maxMessage)
  // PostgreSQL. SQLSTATE class 22 (data exception) quotes values; a syntax error quotes the token that it stumbled over, which is a value when it
  // is not a word or a sign.
  if (/^22[0-9A-Z]{3}$/.test(code)) return message.replace(/"(?:.*"|.*$)/s, '?')
  if (code === '42601')
    return message.replace(/(?<= at or near )(?!"(?:[a-z_]\w{0,62}|[^\w"']{1,2})"$).*$/is, '?')
  if (code.startsWith('ER_')) return withoutMysqlValues(message)
  return otherQuotes.reduce((text, quote) => text.replace(quote, '?'), message)
}

// MySQL quotes names and values alike, with no escapes: a value ends where the sentence goes on, seen from its end.
function withoutMysqlValues(message: string): string {
  const sentence =
    /(?<=\b(?:entry|value:?|near) )'.*'(?= (?:for (?:key|column|function)|at line)\b)/is
  const clean = message.replace(sentence, '?')
  return clean === message ? message.replace(/(?<=\b(?:entry|value:?|near) )'.*$/is, '?') : clean
}

const otherQuotes: readonly RegExp[] = [
  // MongoDB: E11000 ... dup key: { email: "..." }
  /(?<= dup key: ).*$/s,
  // Redis: ERR unknown command 'x', with args beginning with: '...'
  /(?<= with args beginning with: ).*$/s,
  // mongoose: Cast to Number failed for value "..." (type string) at path "age"; Validator failed for path `age` with value `...`
  /(?<=Cast to .{1,60} failed for value ).*(?= \(type )/s,
  /(?<= with value )`.*`/s
]

/**
 * Whether a name says that its value is secret: security.md 4.2.2. Looked for in the name without its separators, so that `X-Api-Key`,
 * `user[password]`, `apiKey` and `api_key` all meet. Author, authority and secretary are none.
 */
const secretPart =
  /auth(?!or(?!i[sz]))|secret(?!ary)|session|passw|passwd|pwd|passphrase|apikey|accesskey|privatekey|signingkey|encryptionkey|masterkey|subscriptionkey|jwt|bearer|saml|csrf|xsrf|credential|cookie|otpcode|pincode|cardnumber|creditcard|ccnumber|routingnumber|signature|connectionstring|databaseurl|dburl|webhookurl|recoverycode|seedphrase|clientcert/

// As parts these would hide `root.path`, `class.name`, `system.factor` or `api.bandwidth`: they count at the edges of a word, and the
// last four as a name's last word: `user.pin`.
const anyEdge = /otp|mfa|2fa|ssn|cvv|cvc|iban|dsn|pin|pw|hmac|salt/i
const wordEdge = /^(?:otp|mfa|2fa|ssn|cvv|cvc|iban|dsn)|(?:otp|mfa|2fa|ssn|cvv|cvc|iban|dsn)$/
const lastWord = /^(?:pin|pw|hmac|salt)$/

const secretName =
  /^(?:key|pass|pw|pin|sid|sig|nonce|salt|hash|hmac|idtoken|assertion|ticket|samlresponse|connectsid|phpsessid|jsessionid)$/

/** What no option un-hides. */
const hardCore =
  /authorization|cookie|passw|passwd|secret(?!ary)|privatekey|cardnumber|creditcard|ccnumber|cvv|cvc/

const separators = /[-_.@$ [\]]/g

/** What a name says of its value; `count` is a name that hides text and shows numbers: `gen_ai.usage.input_tokens`. */
export type Secrecy = 'open' | 'count' | 'secret'

// Nothing is remembered here: among the "names" in free text there are pieces of secrets, which no table of ours may hold.
export interface KeyRules {
  /** Of an attribute, a form field, a word before an equals sign. */
  secrecy(name: string): Secrecy
  /** Of a query parameter: `code` and `state` are secrets of OAuth there, and innocent everywhere else. */
  inQuery(name: string): boolean
  /** Of a header. */
  inHeader(name: string): boolean
}

/** `keys` adds globs, `allowKeys` shows exact names again, save for the hard core. */
export function createKeyRules(keys: readonly string[], allowKeys: readonly string[]): KeyRules {
  const globs = keys.map(readGlob)
  const allowed = new Set(allowKeys.map(normalise).filter((name) => !hardCore.test(name)))

  function secrecy(name: string, plain: string): Secrecy {
    if (allowed.has(plain)) return 'open'
    return globs.some((glob) => glob(plain)) ? 'secret' : builtIn(name, plain)
  }

  return {
    secrecy: (name) => secrecy(name, normalise(name)),
    inQuery(name) {
      const plain = normalise(name)
      const oauth = (plain === 'code' || plain === 'state') && !allowed.has(plain)
      return oauth || secrecy(name, plain) !== 'open'
    },
    inHeader(name) {
      const plain = normalise(name)
      return (name.endsWith('key') && !allowed.has(plain)) || secrecy(name, plain) !== 'open'
    }
  }
}

export function isHardCore(name: string): boolean {
  return hardCore.test(normalise(name))
}

export function normalise(name: string): string {
  return name.toLowerCase().replace(separators, '')
}

function builtIn(name: string, plain: string): Secrecy {
  if (secretName.test(plain) || secretPart.test(plain)) return 'secret'
  if (anyEdge.test(name)) {
    const words = wordsOf(name)
    if (words.some((word) => wordEdge.test(word)) || lastWord.test(words.at(-1) ?? ''))
      return 'secret'
  }
  if (!plain.includes('token')) return 'open'
  return isCount(plain) ? 'count' : 'secret'
}

function isCount(plain: string): boolean {
  return plain.includes('tokens') || plain.endsWith('tokencount') || plain.endsWith('tokenlimit')
}

/** `userSSN.last4` gives user, ssn, last4. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[-_.@$ [\]:/]/)
}

// A glob of the user, matched piece by piece: no regular expression is built from an option.
function readGlob(glob: string): (plain: string) => boolean {
  const pieces = glob.split('*').map(normalise)
  const first = pieces[0] as string
  const last = pieces.at(-1) as string
  if (pieces.length === 1) return (plain) => plain === first
  const middle = pieces.slice(1, -1)
  return (plain) => {
    if (plain.length < first.length + last.length) return false
    if (!plain.startsWith(first) || !plain.endsWith(last)) return false
    let at = first.length
    for (const piece of middle) {
      const found = plain.indexOf(piece, at)
      if (found < 0 || found + piece.length > plain.length - last.length) return false
      at = found + piece.length
    }
    return true
  }
}

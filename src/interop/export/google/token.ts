import { createSign } from 'node:crypto'
import { type Answer, isTrusted, objectOf } from '../ask.ts'
import type { Expiring } from '../renewed.ts'
import { type GoogleSetup, type KeyFile, textOf } from './credentials.ts'
import { askMachine } from './machine.ts'

export interface AccessToken extends Expiring {
  readonly token: string
}

// All that is asked for: to write traces.
const scope = 'https://www.googleapis.com/auth/trace.append'
const tokenUrl = 'https://oauth2.googleapis.com/token'

/** An OAuth access token for what the file stands for, or for the machine's own service account. Rejects with a sentence. */
export async function askToken(
  setup: GoogleSetup,
  file: KeyFile | undefined
): Promise<AccessToken> {
  if (file === undefined) {
    const path = `instance/service-accounts/default/token?scopes=${encodeURIComponent(scope)}`
    return tokenIn(await askMachine(setup, path), "Google's metadata server", setup.now)
  }
  const { path, fields } = file
  switch (fields['type']) {
    case 'service_account':
      return exchange(setup, file, {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: assertion(file, Math.floor(setup.now() / 1000))
      })
    case 'authorized_user':
      return exchange(setup, file, {
        grant_type: 'refresh_token',
        client_id: textOf(fields, 'client_id') ?? '',
        client_secret: textOf(fields, 'client_secret') ?? '',
        refresh_token: textOf(fields, 'refresh_token') ?? ''
      })
    default:
      throw new Error(
        `${path} is no key of a service account or a user: give 'export.headers' as a function`
      )
  }
}

async function exchange(
  { ask, now }: GoogleSetup,
  { path, fields }: KeyFile,
  form: Record<string, string>
): Promise<AccessToken> {
  const url = tokenUri(fields)
  if (!isTrusted(url)) throw new Error(`${path} has a token_uri that is no https URL`)
  const answer = await ask(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
    timeoutMs: 5000
  })
  return tokenIn(answer, new URL(url).host, now)
}

/** RFC 7523: a claim that the account's private key signs. */
function assertion({ path, fields }: KeyFile, seconds: number): string {
  const email = textOf(fields, 'client_email')
  const key = textOf(fields, 'private_key')
  if (email === undefined || key === undefined)
    throw new Error(`${path} has no client_email or no private_key`)
  const claims = { iss: email, scope, aud: tokenUri(fields), iat: seconds, exp: seconds + 3600 }
  const header = { alg: 'RS256', typ: 'JWT', kid: textOf(fields, 'private_key_id') }
  const signed = `${base64(header)}.${base64(claims)}`
  try {
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`
  } catch {
    throw new Error(`${path} has a private_key that cannot be used`)
  }
}

function tokenUri(fields: KeyFile['fields']): string {
  return textOf(fields, 'token_uri') ?? tokenUrl
}

function base64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function tokenIn(answer: Answer, from: string, now: () => number): AccessToken {
  const fields = objectOf(answer)
  const { access_token: token, expires_in: seconds, error } = fields
  if (answer.status !== 200 || typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    const why = typeof error === 'string' ? error.slice(0, 80) : `status ${answer.status}`
    throw new Error(`${from} gave no token (${why})`)
  }
  return { token, expiresAt: now() + Number(seconds || 3600) * 1000 }
}

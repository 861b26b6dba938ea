import { type Answer, type Ask, objectOf } from '../ask.ts'
import type { Expiring } from '../renewed.ts'
import { within } from '../within.ts'
import type { AwsCredentials } from './sigv4.ts'

export interface FoundCredentials extends AwsCredentials, Expiring {}

export interface CredentialSetup {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of the X-Ray endpoint; STS is asked in the same one. */
  readonly region: string
  readonly ask: Ask
  readonly now: () => number
}

/** Undefined where the process has no such credentials; rejects with a sentence where it has, and they cannot be had. */
export type CredentialSource = (setup: CredentialSetup) => Promise<FoundCredentials | undefined>

/** What AWS's SDKs call an identity provider: those of `@aws-sdk/credential-providers` are such functions. */
export type AwsCredentialProvider = () => Promise<
  AwsCredentials & { readonly expiration?: Date | undefined }
>

const ownMs = 10_000

/** What the application's own function gives, which may be anything. */
export async function fromProvider(provider: AwsCredentialProvider): Promise<FoundCredentials> {
  const given: unknown = await within(ownMs, provider(), `no credentials within ${ownMs} ms`)
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = Object(given) as Loose
  return complete(
    {
      accessKeyId,
      secretAccessKey,
      sessionToken,
      expiration: expiration instanceof Date ? expiration.getTime() : expiration
    },
    "the option 'credentials'"
  )
}

/** What containers and machines answer: a JSON object of these four fields. */
export function credentialsIn(answer: Answer, from: string): FoundCredentials {
  if (answer.status !== 200) throw new Error(`${from} answered with status ${answer.status}`)
  const fields = objectOf(answer)
  return complete(
    {
      accessKeyId: fields['AccessKeyId'],
      secretAccessKey: fields['SecretAccessKey'],
      sessionToken: fields['Token'],
      expiration: fields['Expiration']
    },
    from
  )
}

interface Loose {
  readonly accessKeyId: unknown
  readonly secretAccessKey: unknown
  readonly sessionToken: unknown
  readonly expiration: unknown
}

export function complete(
  { accessKeyId, secretAccessKey, sessionToken, expiration }: Loose,
  from: string
): FoundCredentials {
  const expiresAt = typeof expiration === 'string' ? Date.parse(expiration) : Number(expiration)
  if (isText(accessKeyId) && isText(secretAccessKey))
    return {
      accessKeyId,
      secretAccessKey,
      sessionToken: isText(sessionToken) ? sessionToken : undefined,
      expiresAt: Number.isNaN(expiresAt) ? undefined : expiresAt
    }
  throw new Error(`${from} gave no credentials`)
}

// They go into headers, where a line break would throw.
function isText(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)
}

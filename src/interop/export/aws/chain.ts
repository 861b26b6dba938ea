import type { CredentialSetup, CredentialSource, FoundCredentials } from './credentials.ts'
import { fromMachine } from './machine.ts'
import { fromProfile } from './profile.ts'
import { fromWebIdentity } from './web-identity.ts'

// The order of AWS's SDKs.
const sources: readonly CredentialSource[] = [
  fromEnvironment,
  fromProfile,
  fromWebIdentity,
  fromMachine
]

/** Rejects with a sentence that says what to do when there are none. */
export async function findCredentials(setup: CredentialSetup): Promise<FoundCredentials> {
  for (const source of sources) {
    const found = await source(setup)
    if (found !== undefined) return found
  }
  throw new Error(
    'no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the process a role'
  )
}

// Who names a profile means it, whatever else is in the environment.
function fromEnvironment({ env }: CredentialSetup): Promise<FoundCredentials | undefined> {
  const accessKeyId = env['AWS_ACCESS_KEY_ID']
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY']
  if (!accessKeyId || !secretAccessKey || env['AWS_PROFILE']) return Promise.resolve(undefined)
  const sessionToken = env['AWS_SESSION_TOKEN'] || undefined
  return Promise.resolve({ accessKeyId, secretAccessKey, sessionToken })
}

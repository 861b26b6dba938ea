import type { Answer } from '../ask.ts'
import type { GoogleSetup } from './credentials.ts'

const flavor = 'Google'

/** Asks the metadata server of Compute Engine, Cloud Run and the like. */
export async function askMachine({ env, ask }: GoogleSetup, path: string): Promise<Answer> {
  const host = env['GCE_METADATA_HOST'] || 'metadata.google.internal'
  const answer = await ask(`http://${host}/computeMetadata/v1/${path}`, {
    headers: { 'metadata-flavor': flavor },
    timeoutMs: 3000
  }).catch((error: Error) => {
    throw new Error(
      `no Google credentials: set GOOGLE_APPLICATION_CREDENTIALS, or give the machine a service account (${error.message})`
    )
  })
  // Some networks answer for every name.
  if (answer.headers['metadata-flavor'] === flavor) return answer
  throw new Error(`${host} is not Google's metadata server`)
}

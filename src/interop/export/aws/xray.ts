import { type Ask, ask } from '../ask.ts'
import type { Authorize } from '../destination.ts'
import { renewed } from '../renewed.ts'
import { findCredentials } from './chain.ts'
import { type AwsCredentialProvider, fromProvider } from './credentials.ts'
import { signatureHeaders } from './sigv4.ts'

export interface AwsSetup {
  readonly region: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The application's own, asked in place of all else. */
  readonly credentials?: AwsCredentialProvider | undefined
  readonly ask?: Ask
  readonly now?: () => number
}

/** Signs each request with the process's credentials for AWS, which are looked for when the first one leaves. */
export function signForXray({ region, env, now = Date.now, ...setup }: AwsSetup): Authorize {
  const { credentials: provider } = setup
  const credentials = renewed(
    () =>
      provider === undefined
        ? findCredentials({ env, region, now, ask: setup.ask ?? ask })
        : fromProvider(provider),
    now
  )
  return async (request, refused) => {
    const found = await credentials(refused)
    return signatureHeaders(request, found, { region, service: 'xray' }, new Date(now()))
  }
}

import { join } from 'node:path'
import { type Ask, objectOf } from '../ask.ts'
import { fileText, home } from '../files.ts'

export interface GoogleSetup {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly ask: Ask
  readonly now: () => number
}

/** A key file: of a service account, or of the user who is logged in. */
export interface KeyFile {
  readonly path: string
  readonly fields: Readonly<Record<string, unknown>>
}

/**
 * Application default credentials, "How Application Default Credentials works": the file that the variable names, else the one that
 * `gcloud auth application-default login` leaves. Undefined where there is neither: then the machine is asked.
 */
export async function findKeyFile(env: GoogleSetup['env']): Promise<KeyFile | undefined> {
  const named = env['GOOGLE_APPLICATION_CREDENTIALS']
  const path = named || join(gcloudFolder(env), 'application_default_credentials.json')
  const text = await fileText(path)
  if (text === undefined && named) throw new Error(`${path} does not exist`)
  return text === undefined ? undefined : { path, fields: objectOf({ body: text }) }
}

function gcloudFolder(env: GoogleSetup['env']): string {
  const given = env['CLOUDSDK_CONFIG']
  if (given) return given
  const roaming = process.platform === 'win32' && env['APPDATA']
  return roaming ? join(roaming, 'gcloud') : join(home(env), '.config', 'gcloud')
}

export function textOf(fields: KeyFile['fields'], name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

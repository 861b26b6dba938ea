import { join } from 'node:path'
import { fileText, home } from '../files.ts'
import { complete, type CredentialSetup, type FoundCredentials } from './credentials.ts'
import { assumeRole } from './web-identity.ts'

type Settings = Readonly<Record<string, string>>

// Keys in a file are changed by people and by scripts while the process runs.
const readAgainMs = 15 * 60_000

/** The shared files, `~/.aws/credentials` and `~/.aws/config`: keys of a profile, or a role of its that a token file stands for. */
export async function fromProfile(setup: CredentialSetup): Promise<FoundCredentials | undefined> {
  const { env, now } = setup
  const name = env['AWS_PROFILE'] || 'default'
  const folder = join(home(env), '.aws')
  const [keys, config] = await Promise.all([
    fileText(env['AWS_SHARED_CREDENTIALS_FILE'] || join(folder, 'credentials')),
    fileText(env['AWS_CONFIG_FILE'] || join(folder, 'config'))
  ])
  const section = name === 'default' ? name : `profile ${name}`
  const profile: Settings = {
    ...sectionOf(config ?? '', section),
    ...sectionOf(keys ?? '', name)
  }
  const said = Object.keys(profile)
  if (said.includes('aws_access_key_id'))
    return complete(
      {
        accessKeyId: profile['aws_access_key_id'],
        secretAccessKey: profile['aws_secret_access_key'],
        sessionToken: profile['aws_session_token'],
        expiration: new Date(now() + readAgainMs).toISOString()
      },
      `AWS profile '${name}'`
    )
  const { role_arn: role, web_identity_token_file: tokenFile } = profile
  if (role !== undefined && tokenFile !== undefined)
    return assumeRole(setup, { role, tokenFile, session: profile['role_session_name'] })
  const other = said.find((key) => /^(?:sso_|credential_|source_profile)/.test(key))
  if (other !== undefined)
    throw new Error(
      `AWS profile '${name}' uses ${other}, of which nothing is known here: give 'export.credentials'`
    )
  if (!env['AWS_PROFILE']) return undefined
  throw new Error(`AWS profile '${name}' has no credentials`)
}

/** One section of an INI file as AWS writes it: `[name]`, `key = value`, comments in lines of their own or after a space. */
function sectionOf(text: string, wanted: string): Settings {
  const settings: Record<string, string> = {}
  let inside = false
  for (const line of text.split(/\r?\n/)) {
    const header = /^\[\s*(.*?)\s*\]/.exec(line)
    if (header !== null) inside = header[1]?.replace(/\s+/g, ' ') === wanted
    const pair = /^(\w+)\s*=\s*(.*?)\s*(?:\s[#;].*)?$/.exec(line)
    if (inside && pair !== null) settings[(pair[1] as string).toLowerCase()] = pair[2] as string
  }
  return settings
}

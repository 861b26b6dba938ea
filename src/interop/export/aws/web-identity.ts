import { type Answer, isTrusted } from '../ask.ts'
import { fileText } from '../files.ts'
import { complete, type CredentialSetup, type FoundCredentials } from './credentials.ts'

interface Role {
  readonly role: string
  readonly tokenFile: string
  readonly session: string | undefined
}

/** A role that a token of the platform stands for: how Kubernetes on AWS gives roles to pods. */
export async function fromWebIdentity(
  setup: CredentialSetup
): Promise<FoundCredentials | undefined> {
  const { env } = setup
  const tokenFile = env['AWS_WEB_IDENTITY_TOKEN_FILE']
  const role = env['AWS_ROLE_ARN']
  if (!tokenFile || !role) return undefined
  return assumeRole(setup, { role, tokenFile, session: env['AWS_ROLE_SESSION_NAME'] })
}

/** STS AssumeRoleWithWebIdentity. It is not signed: the token is what it is granted for. */
export async function assumeRole(
  { env, region, ask }: CredentialSetup,
  { role, tokenFile, session }: Role
): Promise<FoundCredentials> {
  const token = await fileText(tokenFile)
  if (token === undefined) throw new Error(`${tokenFile} does not exist`)
  const url = env['AWS_ENDPOINT_URL_STS'] || stsOf(region)
  if (!isTrusted(url)) throw new Error('AWS_ENDPOINT_URL_STS is no https URL')
  const answer = await ask(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: role,
      RoleSessionName: session || 'spanlight',
      WebIdentityToken: token.trim()
    }).toString(),
    timeoutMs: 5000
  })
  if (answer.status !== 200)
    throw new Error(`AWS STS gave no role (${element(answer, 'Code') ?? answer.status})`)
  return complete(
    {
      accessKeyId: element(answer, 'AccessKeyId'),
      secretAccessKey: element(answer, 'SecretAccessKey'),
      sessionToken: element(answer, 'SessionToken'),
      expiration: element(answer, 'Expiration')
    },
    'AWS STS'
  )
}

function stsOf(region: string): string {
  return `https://sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`
}

// STS answers with XML; nothing that is read of it holds a character that XML escapes.
function element({ body }: Answer, name: string): string | undefined {
  return new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`).exec(body)?.[1]
}

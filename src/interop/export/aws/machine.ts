import { isTrusted } from '../ask.ts'
import { fileText } from '../files.ts'
import { credentialsIn, type CredentialSetup, type FoundCredentials } from './credentials.ts'

const timeoutMs = 1000

/** What the container or the machine grants that the process runs on. */
export async function fromMachine(setup: CredentialSetup): Promise<FoundCredentials | undefined> {
  const { env } = setup
  const path = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']
  if (path) return fromContainer(setup, `http://169.254.170.2${path}`)
  const url = env['AWS_CONTAINER_CREDENTIALS_FULL_URI']
  if (url) return fromContainer(setup, url)
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') return undefined
  return fromInstance(setup)
}

const agents = /^http:\/\/(?:169\.254\.170\.2|169\.254\.170\.23|\[fd00:ec2::23\])$/

async function fromContainer(
  { env, ask }: CredentialSetup,
  url: string
): Promise<FoundCredentials> {
  // A token that is sent elsewhere over plain HTTP could be read on the way; ECS's and EKS's agents are beside the container.
  if (!isTrusted(url) && !(URL.canParse(url) && agents.test(new URL(url).origin)))
    throw new Error('AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor a container agent')
  const file = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']
  const token = file ? await fileText(file) : env['AWS_CONTAINER_AUTHORIZATION_TOKEN']
  if (file && token === undefined) throw new Error(`${file} does not exist`)
  const authorization = token?.trim() ?? ''
  if (/[\r\n]/.test(authorization))
    throw new Error("the container's authorization token has a line break")
  const headers: Record<string, string> = authorization === '' ? {} : { authorization }
  return credentialsIn(await ask(url, { headers, timeoutMs }), 'the container agent')
}

const tokenSeconds = '21600'

/** EC2's instance metadata service, version 2: a token first, which a request that was forged through a proxy cannot get. */
async function fromInstance({ env, ask }: CredentialSetup): Promise<FoundCredentials | undefined> {
  const ipv6 = env['AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE']?.toLowerCase() === 'ipv6'
  const given = env['AWS_EC2_METADATA_SERVICE_ENDPOINT']
  const base = given || (ipv6 ? 'http://[fd00:ec2::254]' : 'http://169.254.169.254')
  const at = (path: string): string => new URL(`/latest/${path}`, base).href
  const asked = await ask(at('api/token'), {
    method: 'PUT',
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': tokenSeconds },
    timeoutMs
  }).catch(() => undefined)
  // Nothing answers there: this is no machine of theirs.
  if (asked === undefined) return undefined
  const headers = { 'x-aws-ec2-metadata-token': asked.body }
  if (asked.status !== 200 || !/^[\x21-\x7e]+$/.test(asked.body))
    throw new Error(`EC2's metadata service answered with status ${asked.status}`)
  const roles = await ask(at('meta-data/iam/security-credentials/'), { headers, timeoutMs })
  const [role = ''] = roles.body.split(/\s/)
  if (roles.status !== 200 || role === '') throw new Error('this EC2 machine has no role')
  const path = `meta-data/iam/security-credentials/${encodeURIComponent(role)}`
  return credentialsIn(await ask(at(path), { headers, timeoutMs }), "EC2's metadata service")
}

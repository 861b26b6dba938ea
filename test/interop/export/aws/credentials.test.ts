import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, afterEach, describe, expect, it, vi } from 'vitest'
import { type Ask, ask } from '../../../../src/interop/export/ask.ts'
import { findCredentials } from '../../../../src/interop/export/aws/chain.ts'
import {
  type AwsCredentialProvider,
  fromProvider
} from '../../../../src/interop/export/aws/credentials.ts'
import { type Asked, cloudServer } from '../cloud-server.ts'

const now = Date.parse('2026-11-01T12:00:00Z')
const expiration = '2026-11-01T18:00:00Z'
const json = JSON.stringify({
  AccessKeyId: 'AKIA1',
  SecretAccessKey: 'secret/1',
  Token: 'session+1',
  Expiration: expiration
})
const granted = {
  accessKeyId: 'AKIA1',
  secretAccessKey: 'secret/1',
  sessionToken: 'session+1',
  expiresAt: Date.parse(expiration)
}

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'spanlight-aws-'))
})
afterEach(() => rm(home, { recursive: true }))

async function file(name: string, text: string): Promise<string> {
  const path = join(home, name)
  await writeFile(path, text)
  return path
}

/** With nothing of this machine's own environment. */
const find = (env: Record<string, string>, own: Ask = ask) =>
  findCredentials({
    env: { HOME: home, AWS_EC2_METADATA_DISABLED: 'true', ...env },
    region: 'eu-central-1',
    ask: own,
    now: () => now
  })

describe('credentials for AWS', () => {
  it('are those of the environment', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'AKIA0', AWS_SECRET_ACCESS_KEY: 's' }
    expect(await find(env)).toMatchObject({ accessKeyId: 'AKIA0', sessionToken: undefined })
    expect(await find({ ...env, AWS_SESSION_TOKEN: 't' })).toMatchObject({ sessionToken: 't' })
  })

  it('are those of the shared files, of the profile that is named', async () => {
    const credentials = await file(
      'keys',
      `# mine
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key=one

[work]
aws_access_key_id = AKIAWORK ; of the team
aws_secret_access_key = two/+=
aws_session_token = three
`
    )
    const env = { AWS_SHARED_CREDENTIALS_FILE: credentials }
    expect(await find(env)).toMatchObject({ accessKeyId: 'AKIADEFAULT', secretAccessKey: 'one' })
    const work = { accessKeyId: 'AKIAWORK', secretAccessKey: 'two/+=', sessionToken: 'three' }
    expect(await find({ ...env, AWS_PROFILE: 'work' })).toMatchObject(work)
    // A profile that is named goes before keys of the environment.
    const both = { ...env, AWS_PROFILE: 'work', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' }
    expect(await find(both)).toMatchObject(work)
    const { expiresAt } = await find(env)
    expect(expiresAt).toBeGreaterThan(now)
  })

  it('are those of the config file as well, whose profiles are called so', async () => {
    const config = await file(
      'config',
      '[default]\nregion = eu-west-1\n[profile  x]\r\naws_access_key_id=AKIAX\r\naws_secret_access_key=s\r\n'
    )
    const env = { AWS_CONFIG_FILE: config }
    expect(await find({ ...env, AWS_PROFILE: 'x' })).toMatchObject({ accessKeyId: 'AKIAX' })
    await expect(find(env)).rejects.toThrow('no AWS credentials: set AWS_ACCESS_KEY_ID')
    await expect(find({ ...env, AWS_PROFILE: 'none' })).rejects.toThrow(
      "AWS profile 'none' has no credentials"
    )
  })

  it('are not guessed where a profile asks for a way that is not known', async () => {
    const config = await file('config', '[profile s]\nsso_session = corp\n')
    await expect(find({ AWS_CONFIG_FILE: config, AWS_PROFILE: 's' })).rejects.toThrow(
      "AWS profile 's' uses sso_session, of which nothing is known here"
    )
  })

  it("are a role's that STS gives for the platform's token", async () => {
    const token = await file('token', 'eyJ.abc.def\n')
    const sts = await cloudServer((_, res) =>
      res.end(`<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
        <AssumeRoleWithWebIdentityResult><Credentials>
          <AccessKeyId>AKIA1</AccessKeyId><SecretAccessKey>secret/1</SecretAccessKey>
          <SessionToken>session+1</SessionToken><Expiration>${expiration}</Expiration>
        </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`)
    )
    const role = {
      AWS_ROLE_ARN: 'arn:aws:iam::1:role/shop',
      AWS_WEB_IDENTITY_TOKEN_FILE: token,
      AWS_ENDPOINT_URL_STS: sts.url
    }
    expect(await find(role)).toEqual(granted)
    const [{ method, body }] = sts.asked as [Asked]
    expect(method).toBe('POST')
    expect(Object.fromEntries(new URLSearchParams(String(body)))).toEqual({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: 'arn:aws:iam::1:role/shop',
      RoleSessionName: 'spanlight',
      WebIdentityToken: 'eyJ.abc.def'
    })
    // The same by a profile.
    const config = await file(
      'config',
      `[profile w]\nrole_arn = arn:x\nweb_identity_token_file = ${token}\nrole_session_name = me\n`
    )
    const profile = { AWS_CONFIG_FILE: config, AWS_PROFILE: 'w', AWS_ENDPOINT_URL_STS: sts.url }
    expect(await find(profile)).toEqual(granted)
    expect(String(sts.asked[1]?.body)).toContain('RoleSessionName=me')
  })

  it('are asked of STS in the same region', async () => {
    const token = await file('token', 't')
    const urls: string[] = []
    const own: Ask = (url) => {
      urls.push(url)
      return Promise.reject(new Error('unreachable'))
    }
    const role = { AWS_ROLE_ARN: 'arn:x', AWS_WEB_IDENTITY_TOKEN_FILE: token }
    await expect(find(role, own)).rejects.toThrow('unreachable')
    expect(urls).toEqual(['https://sts.eu-central-1.amazonaws.com/'])
  })

  it('say why STS refuses', async () => {
    const token = await file('token', 't')
    const sts = await cloudServer((_, res) =>
      res.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>no</Message></Error>')
    )
    const env = {
      AWS_ROLE_ARN: 'arn:x',
      AWS_WEB_IDENTITY_TOKEN_FILE: token,
      AWS_ENDPOINT_URL_STS: sts.url
    }
    await expect(find(env)).rejects.toThrow('AWS STS gave no role (AccessDenied)')
  })

  it('send no token of the platform to an STS over plain HTTP', async () => {
    const own: Ask = () => Promise.reject(new Error('asked'))
    const env = {
      AWS_ROLE_ARN: 'arn:x',
      AWS_WEB_IDENTITY_TOKEN_FILE: await file('token', 't'),
      AWS_ENDPOINT_URL_STS: 'http://sts.example.com/'
    }
    await expect(find(env, own)).rejects.toThrow('AWS_ENDPOINT_URL_STS is no https URL')
  })

  it("are the container's, with the token that it asks for", async () => {
    const agent = await cloudServer(({ headers }, res) =>
      headers.authorization === 'Bearer pod' ? res.end(json) : res.writeHead(401).end()
    )
    const url = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials` }
    const token = { AWS_CONTAINER_AUTHORIZATION_TOKEN: 'Bearer pod' }
    expect(await find({ ...url, ...token })).toEqual(granted)
    const tokenFile = await file('token', 'Bearer pod\n')
    const both = {
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'old',
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile
    }
    expect(await find({ ...url, ...both })).toEqual(granted)
    await expect(find(url)).rejects.toThrow('the container agent answered with status 401')
  })

  it("are the task's of ECS at its own address", async () => {
    const urls: string[] = []
    const own: Ask = (url) => {
      urls.push(url)
      return Promise.resolve({ status: 200, headers: {}, body: json })
    }
    const env = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/1' }
    expect(await find(env, own)).toEqual(granted)
    expect(urls).toEqual(['http://169.254.170.2/v2/credentials/1'])
  })

  it.each(['http://example.com/', 'http://169.254.169.254/', 'file:///etc/passwd', 'nonsense'])(
    "ask no stranger over plain HTTP: '%s'",
    async (url) => {
      const own: Ask = () => Promise.reject(new Error('asked'))
      const env = {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
        AWS_CONTAINER_AUTHORIZATION_TOKEN: 'secret'
      }
      await expect(find(env, own)).rejects.toThrow('neither https nor a container agent')
    }
  )

  it('are those of the agent of EKS, at its own address', async () => {
    const own: Ask = () => Promise.resolve({ status: 200, headers: {}, body: json })
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials' }
    expect(await find(env, own)).toEqual(granted)
  })

  it("are the machine's role's, by the second version of its metadata service", async () => {
    const imds = await cloudServer(({ method, path, headers }, res) => {
      if (path === '/latest/api/token') {
        const asked = headers['x-aws-ec2-metadata-token-ttl-seconds'] !== undefined
        return method === 'PUT' && asked ? res.end('token==') : res.writeHead(400).end()
      }
      if (headers['x-aws-ec2-metadata-token'] !== 'token==') return res.writeHead(401).end()
      const role = path.slice('/latest/meta-data/iam/security-credentials/'.length)
      return role === '' ? res.end('shop-role') : res.end(role === 'shop-role' ? json : '{}')
    })
    const env = {
      AWS_EC2_METADATA_DISABLED: '',
      AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url
    }
    expect(await find(env)).toEqual(granted)
    expect(imds.asked.map(({ method }) => method)).toEqual(['PUT', 'GET', 'GET'])
    await expect(find({ ...env, AWS_EC2_METADATA_DISABLED: 'TRUE' })).rejects.toThrow(
      'no AWS credentials'
    )
  })

  it('are missing, in words, where no metadata service answers', async () => {
    const own: Ask = () => Promise.reject(new Error('169.254.169.254: EHOSTUNREACH'))
    await expect(find({ AWS_EC2_METADATA_DISABLED: '' }, own)).rejects.toThrow(
      'no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the process a role'
    )
  })

  it.each([
    '',
    '[]',
    'null',
    '{"AccessKeyId":1,"SecretAccessKey":"s"}',
    '{"AccessKeyId":"a\\r\\nx: y","SecretAccessKey":"s"}'
  ])('are none where an answer is odd: %s', async (body) => {
    const own: Ask = () => Promise.resolve({ status: 200, headers: {}, body })
    const env = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/x' }
    await expect(find(env, own)).rejects.toThrow('the container agent gave no credentials')
  })
})

describe("credentials of the application's own", () => {
  const given = (value: unknown): AwsCredentialProvider =>
    (async () => value) as unknown as AwsCredentialProvider

  it("are what the AWS SDK's providers give", async () => {
    const [accessKeyId, secretAccessKey] = ['AKIA1', 'secret/1']
    expect(await fromProvider(given({ accessKeyId, secretAccessKey }))).toEqual({
      accessKeyId,
      secretAccessKey
    })
    const whole = { accessKeyId, secretAccessKey, sessionToken: 'session+1', accountId: '1' }
    expect(await fromProvider(given({ ...whole, expiration: new Date(expiration) }))).toEqual(
      granted
    )
    expect(await fromProvider(given({ ...whole, expiration }))).toEqual(granted)
  })

  it.each([undefined, null, 5, {}, { accessKeyId: 'a', secretAccessKey: 'b\nc' }, 'secret'])(
    'are refused without being quoted when they are %j',
    async (value) => {
      await expect(fromProvider(given(value))).rejects.toThrow(
        /^the option 'credentials' gave no credentials$/
      )
    }
  )

  it('may not be there', async () => {
    await expect(fromProvider(() => Promise.reject(new Error('logged out')))).rejects.toThrow(
      'logged out'
    )
  })

  it('are not waited for without an end', async () => {
    vi.useFakeTimers()
    const waiting = expect(fromProvider(() => new Promise(() => {}))).rejects.toThrow(
      'no credentials within 10000 ms'
    )
    await vi.advanceTimersByTimeAsync(10_000)
    await waiting
    vi.useRealTimers()
  })
})

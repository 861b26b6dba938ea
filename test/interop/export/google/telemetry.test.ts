import { createVerify, generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Ask } from '../../../../src/interop/export/ask.ts'
import type { ExportRequest } from '../../../../src/interop/export/destination.ts'
import { googleTelemetry } from '../../../../src/interop/export/google/telemetry.ts'
import { type Asked, cloudServer } from '../cloud-server.ts'

const now = Date.parse('2026-11-01T12:00:00Z')
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' }
})

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'spanlight-google-'))
})
afterEach(() => rm(home, { recursive: true }))

async function keyFile(fields: object, path = join(home, 'key.json')): Promise<string> {
  await writeFile(path, JSON.stringify(fields))
  return path
}

const request = {} as ExportRequest
/** With nothing of this machine's own environment. */
const google = (env: Record<string, string>, own?: Ask) =>
  googleTelemetry({ env: { HOME: home, ...env }, now: () => now, ...(own && { ask: own }) })

const decoded = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown

/** A token endpoint that gives one for a service account's claim that its key has signed, and for one refresh token. */
const tokens = () =>
  cloudServer(({ body }, res) => {
    const form = new URLSearchParams(String(body))
    const [header, claims, signature] = (form.get('assertion') ?? '').split('.')
    const signed = createVerify('RSA-SHA256')
      .update(`${header}.${claims}`)
      .verify(publicKey, signature ?? '', 'base64url')
    const granted = form.get('grant_type') === 'refresh_token' || signed
    res.statusCode = granted && form.get('refresh_token') !== 'revoked' ? 200 : 400
    const token = { access_token: 'ya29.token', expires_in: 3599, token_type: 'Bearer' }
    res.end(JSON.stringify(res.statusCode === 200 ? token : { error: 'invalid_grant' }))
  })

describe('credentials for Google Cloud', () => {
  it("are a service account's, whose key signs a claim", async () => {
    const server = await tokens()
    const path = await keyFile({
      type: 'service_account',
      project_id: 'shop-1',
      private_key_id: 'k1',
      private_key: privateKey,
      client_email: 'shop@shop-1.iam.gserviceaccount.com',
      token_uri: `${server.url}/token`
    })
    const { authorize, project } = google({ GOOGLE_APPLICATION_CREDENTIALS: path })
    expect(await authorize(request)).toEqual({ authorization: 'Bearer ya29.token' })
    expect(await authorize(request)).toEqual({ authorization: 'Bearer ya29.token' })
    expect(await project()).toBe('shop-1')
    expect(server.asked).toHaveLength(1)
    const [{ body }] = server.asked as [Asked]
    const [header, claims] = (new URLSearchParams(String(body)).get('assertion') as string).split(
      '.'
    )
    expect(decoded(header)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'k1' })
    expect(decoded(claims)).toEqual({
      iss: 'shop@shop-1.iam.gserviceaccount.com',
      scope: 'https://www.googleapis.com/auth/trace.append',
      aud: `${server.url}/token`,
      iat: now / 1000,
      exp: now / 1000 + 3600
    })
  })

  it('are those that gcloud left for the user, whose project is billed', async () => {
    const server = await tokens()
    const folder = join(home, '.config', 'gcloud')
    await mkdir(folder, { recursive: true })
    await keyFile(
      {
        type: 'authorized_user',
        client_id: 'c',
        client_secret: 's',
        refresh_token: 'r',
        quota_project_id: 'billed-1',
        token_uri: server.url
      },
      join(folder, 'application_default_credentials.json')
    )
    const { authorize, project } = google({})
    expect(await authorize(request)).toEqual({
      authorization: 'Bearer ya29.token',
      'x-goog-user-project': 'billed-1'
    })
    expect(await project()).toBe('billed-1')
    expect(Object.fromEntries(new URLSearchParams(String(server.asked[0]?.body)))).toEqual({
      grant_type: 'refresh_token',
      client_id: 'c',
      client_secret: 's',
      refresh_token: 'r'
    })
  })

  it("are the machine's, by its metadata server", async () => {
    const server = await cloudServer(({ path, headers }, res) => {
      res.setHeader('metadata-flavor', 'Google')
      if (headers['metadata-flavor'] !== 'Google') return res.writeHead(403).end()
      if (path === '/computeMetadata/v1/project/project-id') return res.end('machine-1\n')
      const token = { access_token: 'machine', expires_in: 3000 }
      return res.end(JSON.stringify(token))
    })
    const { authorize, project } = google({ GCE_METADATA_HOST: new URL(server.url).host })
    expect(await authorize(request)).toEqual({ authorization: 'Bearer machine' })
    expect(await project()).toBe('machine-1')
    expect(server.asked[0]?.path).toBe(
      '/computeMetadata/v1/instance/service-accounts/default/token?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Ftrace.append'
    )
  })

  it('let the environment name the project', async () => {
    const { project } = google({ GOOGLE_CLOUD_PROJECT: 'named-1' })
    expect(await project()).toBe('named-1')
  })

  it('are not taken from a network that answers for every name', async () => {
    const server = await cloudServer((_, res) => res.end('{"access_token":"x"}'))
    const { authorize, project } = google({ GCE_METADATA_HOST: new URL(server.url).host })
    await expect(authorize(request)).rejects.toThrow("is not Google's metadata server")
    expect(await project()).toBeUndefined()
  })

  it('are missing, in words', async () => {
    const unreachable: Ask = () => Promise.reject(new Error('metadata.google.internal: ENOTFOUND'))
    await expect(google({}, unreachable).authorize(request)).rejects.toThrow(
      'no Google credentials: set GOOGLE_APPLICATION_CREDENTIALS, or give the machine a service account (metadata.google.internal: ENOTFOUND)'
    )
    const env = { GOOGLE_APPLICATION_CREDENTIALS: join(home, 'gone.json') }
    await expect(google(env).authorize(request)).rejects.toThrow('gone.json does not exist')
  })

  it.each([
    [{}, 'is no key of a service account or a user'],
    [{ type: 'external_account' }, 'is no key of a service account or a user'],
    [{ type: 'service_account' }, 'has no client_email or no private_key'],
    [
      { type: 'service_account', client_email: 'a', private_key: 'nonsense' },
      'has a private_key that cannot be used'
    ],
    [
      { type: 'authorized_user', token_uri: 'http://tokens.example/' },
      'has a token_uri that is no https URL'
    ]
  ])('say what is wrong with a key file: %o', async (fields, said) => {
    const path = await keyFile(fields)
    const { authorize } = google({ GOOGLE_APPLICATION_CREDENTIALS: path })
    await expect(authorize(request)).rejects.toThrow(`${path} ${said}`)
  })

  it('say why no token is given', async () => {
    const server = await tokens()
    const user = { type: 'authorized_user', refresh_token: 'revoked', token_uri: server.url }
    const path = await keyFile(user)
    const { authorize } = google({ GOOGLE_APPLICATION_CREDENTIALS: path })
    await expect(authorize(request)).rejects.toThrow(
      `${new URL(server.url).host} gave no token (invalid_grant)`
    )
  })

  it('never put a line break into a header', async () => {
    const server = await tokens()
    const user = { type: 'authorized_user', quota_project_id: 'a\r\nx: y', token_uri: server.url }
    const { authorize } = google({ GOOGLE_APPLICATION_CREDENTIALS: await keyFile(user) })
    expect(Object.keys(await authorize(request))).toEqual(['authorization'])
  })
})

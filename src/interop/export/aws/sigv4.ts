import { createHash, createHmac } from 'node:crypto'

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

export interface SignedRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

interface Scope {
  readonly region: string
  readonly service: string
}

// What AWS asks to be signed. Other headers may be changed by proxies on the way.
const signable = /^(?:content-type|host|x-amz-.*)$/

/**
 * The headers that sign a request: AWS Signature Version 4, "Create a signed AWS API request". The order of its steps is the order of the
 * statements here.
 */
export function signatureHeaders(
  { method, url, headers, body }: SignedRequest,
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
  { region, service }: Scope,
  at: Date
): Record<string, string> {
  const time = at.toISOString().replace(/[-:]|\.\d+/g, '')
  const day = time.slice(0, 8)
  const added: Record<string, string> = {
    'x-amz-date': time,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken })
  }
  const signed = new Map(
    Object.entries({ ...headers, ...added, host: url.host })
      .map(([name, value]): [string, string] => [name.toLowerCase(), collapsed(value)])
      .filter(([name]) => signable.test(name))
      .sort(byBytes)
  )
  const names = [...signed.keys()].join(';')
  const canonical = [
    method,
    canonicalPath(url.pathname),
    canonicalQuery(url.searchParams),
    ...[...signed].map(([name, value]) => `${name}:${value}`),
    '',
    names,
    sha256(body)
  ].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  let key: string | Buffer = `AWS4${secretAccessKey}`
  for (const part of [day, region, service, 'aws4_request']) key = hmac(key, part)
  const signature = hmac(key, toSign).toString('hex')
  return {
    ...added,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  }
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

function byBytes([a, b]: readonly [string, string], [c, d]: readonly [string, string]): number {
  return a < c || (a === c && b < d) ? -1 : 1
}

function collapsed(value: string): string {
  return value.trim().replace(/\s+/g, ' ')
}

// Every service but S3 escapes the path once more than the request line does, and resolves it before.
function canonicalPath(path: string): string {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.')
  const end = segments.length > 0 && path.endsWith('/') ? '/' : ''
  return `/${segments.map(escaped).join('/')}${end}`
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .map(([name, value]): [string, string] => [escaped(name), escaped(value)])
    .sort(byBytes)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

// All but RFC 3986's unreserved characters; encodeURIComponent leaves five more alone.
function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`
  )
}

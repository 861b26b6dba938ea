import fc from 'fast-check'
import { SignatureV4 } from '@smithy/signature-v4'
import { describe, expect, it } from 'vitest'
import { signatureHeaders, type SignedRequest } from '../../../../src/interop/export/aws/sigv4.ts'
import { Sha256 } from '../sha256.ts'

const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 40
})

const requests = fc.record({
  method: fc.constantFrom('POST', 'PUT', 'GET'),
  path: fc.webPath(),
  query: fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.string({ maxLength: 8 }), {
    maxKeys: 4,
    noNullPrototype: true
  }),
  headers: fc.dictionary(
    fc.constantFrom('content-type', 'Content-Type', 'x-amz-target', 'X-Amz-Other', 'x-amz-a'),
    fc.oneof(visible, fc.constant('  two   words '), fc.constant('a,  b')),
    { noNullPrototype: true }
  ),
  body: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  host: fc.domain(),
  port: fc.constantFrom('', ':8443'),
  credentials: fc.record({
    accessKeyId: visible,
    secretAccessKey: visible,
    sessionToken: fc.option(visible, { nil: undefined })
  }),
  region: fc.constantFrom('eu-central-1', 'us-gov-west-1'),
  service: fc.constantFrom('xray', 'sts'),
  at: fc.date({
    min: new Date('2001-01-01'),
    max: new Date('2099-01-01'),
    noInvalidDate: true
  })
})

describe('a signature for AWS', () => {
  it("is what AWS's own test suite says (get-vanilla)", () => {
    const { authorization } = signatureHeaders(
      { method: 'GET', url: new URL('https://example.amazonaws.com/'), headers: {}, body: '' },
      {
        accessKeyId: 'AKIDEXAMPLE',
        secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
      },
      { region: 'us-east-1', service: 'service' },
      new Date('2015-08-30T12:36:00Z')
    )
    expect(authorization).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ' +
        'SignedHeaders=host;x-amz-date, ' +
        'Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'
    )
  })

  it("is the AWS SDK's for every request", async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (made) => {
        const url = new URL(`https://${made.host}${made.port}${made.path}`)
        for (const [name, value] of Object.entries(made.query)) url.searchParams.set(name, value)
        // A name that differs by case only is one header, whose last value a server may take.
        const names = Object.keys(made.headers).map((name) => name.toLowerCase())
        fc.pre(new Set(names).size === names.length)
        const { region, service, at } = made
        const { sessionToken, ...keys } = made.credentials
        const credentials = sessionToken === undefined ? keys : { ...keys, sessionToken }
        const ours = signatureHeaders(
          { ...made, url } satisfies SignedRequest,
          credentials,
          { region, service },
          at
        )
        const signer = new SignatureV4({
          region,
          service,
          credentials,
          sha256: Sha256,
          applyChecksum: false
        })
        const theirs = await signer.sign(
          {
            method: made.method,
            body: made.body,
            protocol: 'https:',
            hostname: url.hostname,
            path: url.pathname,
            query: Object.fromEntries(url.searchParams),
            headers: { ...made.headers, host: url.host }
          },
          { signingDate: at }
        )
        expect(ours['authorization']).toBe(theirs.headers['authorization'])
        expect(ours['x-amz-date']).toBe(theirs.headers['x-amz-date'])
        expect(ours['x-amz-security-token']).toBe(theirs.headers['x-amz-security-token'])
      })
    )
  })

  it('leaves out what proxies on the way may change', () => {
    const headers = { 'user-agent': 'spanlight', 'content-length': '2', 'Content-Type': 'text/x' }
    const { authorization } = signatureHeaders(
      { method: 'POST', url: new URL('https://xray.a-b-1.amazonaws.com/'), headers, body: '{}' },
      { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' },
      { region: 'a-b-1', service: 'xray' },
      new Date(0)
    )
    expect(authorization).toContain(
      'SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,'
    )
  })
})

import fc from 'fast-check'
import protobuf from 'protobufjs'
import { describe, expect, it } from 'vitest'
import { retryDelay } from '../../../src/interop/export/retry-info.ts'

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
`)
const encode = (type: string, value: object): Buffer =>
  Buffer.from(root.lookupType(type).encode(value).finish())
const detail = (type: string, value: Buffer) => ({
  typeUrl: `type.googleapis.com/google.rpc.${type}`,
  value
})
const withDelay = (seconds: number, nanos: number): Buffer =>
  encode('Status', {
    code: 8,
    message: 'slow down',
    details: [
      detail('ErrorInfo', Buffer.from([0x0a, 1, 65])),
      detail('RetryInfo', encode('RetryInfo', { retryDelay: { seconds, nanos } }))
    ]
  })

describe('the delay that a status asks for', () => {
  it('is in the details, as any server writes them', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(999_999_999), (seconds, nanos) => {
        expect(retryDelay(withDelay(seconds, nanos))).toBe(seconds * 1000 + Math.ceil(nanos / 1e6))
      })
    )
  })

  it('is not there without RetryInfo', () => {
    expect(retryDelay(encode('Status', { code: 8, message: 'no' }))).toBeUndefined()
    expect(retryDelay(Buffer.alloc(0))).toBeUndefined()
  })

  it('is a number that can be waited for, or none, whatever stands there', () => {
    const whole = withDelay(5, 500_000_000)
    const mutated = fc
      .tuple(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length))
      .map(([at, byte, length]) => {
        const copy = Buffer.from(whole.subarray(0, length))
        if (at < copy.length) copy[at] = byte
        return copy
      })
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array().map(Buffer.from)), (bytes) => {
        const ms = retryDelay(bytes)
        if (ms !== undefined) expect(ms).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 2000 }
    )
  })
})

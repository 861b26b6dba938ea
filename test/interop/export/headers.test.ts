import { describe, expect, it } from 'vitest'
import { authorizeBy } from '../../../src/interop/export/headers.ts'
import type { HeadersFactory } from '../../../src/interop/export/settings.ts'

const given = (value: unknown): HeadersFactory => (() => value) as HeadersFactory

describe('headers that a function gives', () => {
  it('are asked for each time, and waited for', async () => {
    let nth = 0
    const authorize = authorizeBy(async () => ({ 'X-Token': `t${++nth}` }))
    expect(await authorize()).toEqual({ 'x-token': 't1' })
    expect(await authorize()).toEqual({ 'x-token': 't2' })
    expect(await authorizeBy(given({}))()).toEqual({})
  })

  it.each([
    ['nothing', undefined, 'headers gave no object'],
    ['null', null, 'headers gave no object'],
    ['a text', 'Bearer secret', 'headers gave no object'],
    ['a number', { a: 5 }, "headers gave a 'a' that cannot be sent"],
    ['a line break', { a: 'secret\r\nb: c' }, "headers gave a 'a' that cannot be sent"],
    ['no header name', { 'a b': 'secret' }, "headers gave a 'a b' that cannot be sent"],
    ['what is ours to say', { 'Content-Length': '5' }, 'Content-Length'],
    ['what is no text', { authorization: null }, "headers gave a 'authorization'"]
  ])('are refused by name when they hold %s', async (_what, value, why) => {
    await expect(authorizeBy(given(value))()).rejects.toThrow(why)
    await expect(authorizeBy(given(value))()).rejects.not.toThrow('secret')
  })

  it('may fail, now or later', async () => {
    const fails: HeadersFactory[] = [
      () => {
        throw new Error('logged out')
      },
      () => Promise.reject(new Error('logged out'))
    ]
    for (const fail of fails) await expect(authorizeBy(fail)()).rejects.toThrow('logged out')
  })
})

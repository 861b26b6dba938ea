import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renewed } from '../../../src/interop/export/renewed.ts'

const minute = 60_000

describe('what is renewed', () => {
  it('is loaded once, and again five minutes before it expires', async () => {
    let now = 0
    let loaded = 0
    const get = renewed(
      () => Promise.resolve({ nth: ++loaded, expiresAt: now + 60 * minute }),
      () => now
    )
    expect((await get()).nth).toBe(1)
    now = 54 * minute
    expect((await get()).nth).toBe(1)
    now = 55 * minute
    expect((await get()).nth).toBe(2)
  })

  it('is loaded for ever when it does not expire', async () => {
    let now = 0
    let loaded = 0
    const get = renewed(
      () => Promise.resolve({ nth: ++loaded, expiresAt: undefined }),
      () => now
    )
    await get()
    now = Number.MAX_SAFE_INTEGER
    expect((await get()).nth).toBe(1)
  })

  it('is loaded once at a time, however many ask', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 50 }), async (askers) => {
        let under = 0
        let most = 0
        const get = renewed(async () => {
          most = Math.max(most, ++under)
          await Promise.resolve()
          under--
          return { expiresAt: 0 }
        })
        await Promise.all(Array.from({ length: askers }, get))
        expect(most).toBe(1)
      })
    )
  })

  it('stays in use while it is good when a new one cannot be had, and is asked for again', async () => {
    let now = 0
    let fails = false
    const get = renewed(
      () =>
        fails
          ? Promise.reject(new Error('away'))
          : Promise.resolve({ since: now, expiresAt: now + 10 * minute }),
      () => now
    )
    await get()
    fails = true
    now = 9 * minute
    expect((await get()).since).toBe(0)
    now = 10 * minute
    await expect(get()).rejects.toThrow('away')
    fails = false
    expect((await get()).since).toBe(10 * minute)
  })

  it('is loaded anew when it was refused, however long it would have been good', async () => {
    let loaded = 0
    const get = renewed(() => Promise.resolve({ nth: ++loaded, expiresAt: undefined }))
    expect((await get()).nth).toBe(1)
    expect((await get(true)).nth).toBe(2)
    expect((await get()).nth).toBe(2)
  })

  it('is not used again once it was refused, though no other can be had', async () => {
    let fails = false
    const get = renewed(() => (fails ? Promise.reject(new Error('away')) : Promise.resolve({})))
    await get()
    fails = true
    await expect(get(true)).rejects.toThrow('away')
    await expect(get()).rejects.toThrow('away')
    fails = false
    expect(await get()).toEqual({})
  })
})

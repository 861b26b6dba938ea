import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mayBeInAddress, packAddress, unpackAddress } from '../../src/store/address.ts'
import { ByteReader, ByteWriter, segmentFull } from '../../src/store/bytes.ts'
import { fillRoute, RouteMatch } from '../../src/store/routes.ts'
import { readText, skipText, StringWriter, textEnd } from '../../src/store/strings.ts'
import { number, text } from './arbitrary.ts'

function writer(size = 1 << 20): ByteWriter {
  const out = new ByteWriter()
  out.bytes = Buffer.alloc(size)
  out.limit = size
  return out
}

function readerOf(out: ByteWriter): ByteReader {
  const from = new ByteReader()
  from.bytes = out.bytes
  return from
}

describe('numbers in bytes', () => {
  it('come back exactly, and take no more than they need', () => {
    fc.assert(
      fc.property(fc.array(number), (numbers) => {
        const out = writer()
        for (const one of numbers) out.signed(one)
        const from = readerOf(out)
        expect(numbers.map(() => from.signed())).toStrictEqual(numbers)
        expect(from.at).toBe(out.at)
      })
    )
  })

  it('are the nearest whole number where only one is allowed', () => {
    const out = writer()
    for (const one of [-1, NaN, Infinity, 2 ** 60, 2 ** 53 - 1, 0]) out.varint(one)
    const from = readerOf(out)
    const most = Number.MAX_SAFE_INTEGER
    expect([1, 2, 3, 4, 5, 6].map(() => from.varint())).toEqual([0, 0, most, most, most, 0])
  })

  it('take hex only in lower case, of the right length, and nothing else', () => {
    const out = writer()
    for (const bad of [
      '',
      'ab',
      'ABCDEF0123456789',
      '0123456789abcdeg',
      '0123456789abcde\u0130',
      ' 123456789abcdef'
    ])
      expect([out.hex(bad, 16), out.at]).toEqual([false, 0])
    expect([out.hex('0123456789abcdef', 16), out.at]).toEqual([true, 8])
    expect(readerOf(out).hex(16)).toBe('0123456789abcdef')
  })

  it('stop the writer before they reach the limit', () => {
    const out = writer()
    out.limit = 4
    expect(() => out.room(5)).toThrow(segmentFull)
    expect(out.room(4)).toBeUndefined()
  })
})

describe('texts in a segment', () => {
  it('come back as any UTF-16 they were, in place and by id', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 40 }), (list) => {
        const out = writer()
        const texts = new StringWriter(out, 8000, 1024)
        const from = readerOf(out)
        for (const one of [...list, ...list, ...list]) {
          const start = out.at
          texts.write(one)
          const first = out.bytes[start] as number
          const id =
            first < 0x80
              ? first
              : first < 0xa0
                ? 128 + ((first - 0x80) << 8) + (out.bytes[start + 1] as number)
                : -1
          const place = id < 0 ? start : (texts.places[id] as number)
          expect(readText(out.bytes, place)).toBe(one)
          if (id < 0) expect(textEnd(out.bytes, place)).toBe(out.at)
          from.at = start
          skipText(from)
          expect(from.at).toBe(out.at)
        }
      })
    )
  })

  it('take one byte from the second time on', () => {
    const out = writer()
    const texts = new StringWriter(out, 8000, 1024)
    const long = 'SELECT '.repeat(100)
    const sizes = [1, 2, 3, 4].map(() => {
      const start = out.at
      texts.write(long)
      return out.at - start
    })
    expect(sizes).toEqual([703, 1, 1, 1])
  })

  it('get no more ids than there are, except where one is needed', () => {
    const out = writer()
    const texts = new StringWriter(out, 300, 1024)
    for (let i = 0; i < 2; i++) for (let k = 0; k < 200; k++) texts.write(`text ${k}`)
    expect(texts.count).toBeLessThanOrEqual(300 - 256)
    expect(() => {
      for (let k = 0; k < 400; k++) texts.shared(`key ${k}`)
    }).toThrow(segmentFull)
    expect(texts.count).toBe(300)
  })

  it('are told apart after a reset', () => {
    const out = writer()
    const texts = new StringWriter(out, 8000, 1024)
    for (let i = 0; i < 4; i++) texts.write('before')
    texts.reset()
    out.at = 0
    texts.write('after!')
    texts.write('before')
    expect(readText(out.bytes, 0)).toBe('after!')
    expect(readText(out.bytes, 7)).toBe('before')
    expect(texts.count).toBe(0)
  })

  it('of a request repeat often enough that a part of one needs no id', () => {
    const out = writer()
    const texts = new StringWriter(out, 8000, 1024)
    const starts: number[] = []
    for (const one of ['/orders/4711', `/${'x'.repeat(40)}`, '/é€']) {
      starts.push(out.at)
      texts.writePart(one, 1, one.length)
    }
    expect(starts.map((start) => readText(out.bytes, start))).toEqual([
      'orders/4711',
      'x'.repeat(40),
      'é€'
    ])
  })
})

describe('an address', () => {
  const bytes = Buffer.alloc(4)

  it('comes back as it was, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.stringMatching(/^[0-9.]{7,15}$/)), (one) => {
        if (packAddress(one, bytes, 0)) expect(unpackAddress(bytes, 0)).toBe(one)
        else
          expect(
            /^(?:(?:0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])(?:\.|$)){4}$/.test(one) && !one.endsWith('.')
          ).toBe(false)
      })
    )
  })

  it.each([
    '01.2.3.4',
    '1.2.3',
    '1.2.3.',
    '1.2.3.4.5',
    '256.1.1.1',
    '1..2.3',
    '1.2.3.4 ',
    '::1',
    '1.2.3.x',
    '00.0.0.0'
  ])('is not %s', (one) => {
    expect(packAddress(one, bytes, 0)).toBe(false)
  })

  it('may hold any part of itself', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(15), fc.nat(15), (one, a, b) => {
        expect(mayBeInAddress(one.slice(Math.min(a, b), Math.max(a, b)))).toBe(true)
      })
    )
    for (const one of ['48213', '1.2.3.4.5', '10.0.0.x', 'a', '10.0.0.1:80'])
      expect(mayBeInAddress(one)).toBe(false)
  })
})

describe('a path and its route', () => {
  const segment = fc.stringMatching(/^[a-z0-9._é-]{1,8}$/)
  const parameter = fc.stringMatching(/^:[A-Za-z_][A-Za-z0-9_]{0,6}$/)
  const route = fc
    .array(fc.oneof(segment, parameter), { minLength: 1, maxLength: 5 })
    .map((parts) => `/${parts.join('/')}`)

  it('give the path back wherever it is said to follow from the route', () => {
    const one = new RouteMatch()
    let matched = 0
    fc.assert(
      fc.property(route, fc.array(segment, { minLength: 5, maxLength: 5 }), (pattern, values) => {
        let next = 0
        const path = pattern.replace(/:\w+/g, () => values[next++] ?? '')
        const count = one.match(pattern, path)
        expect(count).toBe(next <= 2 ? next : 0)
        if (count === 0) return
        matched++
        const found = Array.from({ length: count }, (_, i) =>
          path.slice(one.bounds[i * 2], one.bounds[i * 2 + 1])
        )
        expect(fillRoute(pattern, found)).toBe(path)
      })
    )
    expect(matched).toBeGreaterThan(10)
  })

  it.each([
    ['/orders/:id', '/orders/'],
    ['/orders/:id', '/orders'],
    ['/orders/:id', '/orders/1/'],
    ['/orders/:id', '/Orders/1'],
    ['/orders/:id(\\d+)', '/orders/1'],
    ['/orders/:id?', '/orders/1'],
    ['/orders/:a-:b', '/orders/1-2'],
    ['/files/*', '/files/a/b'],
    ['/a/:b/:c/:d', '/a/1/2/3'],
    ['', '/'],
    ['/same', '/same'],
    [':id', '1']
  ])('part where %s does not make %s', (pattern, path) => {
    expect(new RouteMatch().match(pattern, path)).toBe(0)
  })
})

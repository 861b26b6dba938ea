import { get, request } from 'node:http'
import { inspect, types } from 'node:util'
import pg from 'pg'
import { describe, expect, it, vi } from 'vitest'
import { overlayMethod, type StandIn, wrapMethod } from '../../src/watch/patch.ts'

const passOn: StandIn = (original, self, args) => Reflect.apply(original, self, args)

class Shape {
  static made = 0
  sides: number
  constructor(sides: number) {
    Shape.made++
    this.sides = sides
  }
}

function older(this: { sides: number }, sides: number): void {
  this.sides = sides
}

const stamp = Symbol('stamp')

function marked(_a: unknown, _b: unknown, ..._rest: unknown[]): void {}
Object.defineProperty(marked, stamp, { get: () => 'computed' })
Object.assign(marked, { version: 3 })

const originals: Record<string, (...args: never[]) => unknown> = {
  'console.log': console.log,
  'http.request': request,
  'http.get': get,
  'Client.prototype.query': pg.Client.prototype.query as () => unknown,
  'a function with properties': marked,
  'an arrow function': (a: unknown) => a,
  'a bound function': marked.bind(null, 1),
  'a function without a name': (() => () => {})(),
  'a class': Shape as unknown as () => unknown,
  'a proxy of a function': new Proxy(marked, {}),
  'a frozen function': Object.freeze((a: unknown) => a)
}

describe('what stands in for a method', () => {
  for (const [name, original] of Object.entries(originals)) {
    it(`looks like ${name}`, () => {
      const target = { method: original }
      wrapMethod(target, 'method', passOn)
      const { method } = target
      expect(method).not.toBe(original)
      expect(types.isProxy(method)).toBe(false)
      expect(method.length).toBe(original.length)
      expect(method.name).toBe(original.name)
      expect(method.prototype).toBe(original.prototype)
      const keysOf = (value: object) => Reflect.ownKeys(value).map(String).sort()
      expect(keysOf(method)).toEqual(keysOf(original))
      for (const key of Object.keys(original))
        expect(Reflect.get(method, key)).toBe(Reflect.get(original, key))
    })
  }

  it('prints as the method did', () => {
    for (const original of [console.log, request, get, marked]) {
      const target = { method: original as () => unknown }
      wrapMethod(target, 'method', passOn)
      expect(inspect(target)).toBe(inspect({ method: original }))
    }
  })

  it('keeps this, arguments, result and exception', () => {
    const error = new RangeError('its own')
    const target = {
      factor: 3,
      times(by: number) {
        if (by < 0) throw error
        return this.factor * by
      }
    }
    const seen: unknown[] = []
    wrapMethod(target, 'times', (original, self, args) => {
      seen.push(self, ...args)
      return Reflect.apply(original, self, args)
    })
    expect(target.times(4)).toBe(12)
    expect(() => target.times(-1)).toThrow(error)
    expect(seen).toEqual([target, 4, target, -1])
  })

  it('can be constructed as the method could, also as a base class', () => {
    const target = { Shape, older: older as unknown as typeof Shape }
    const standIn = vi.fn(passOn)
    wrapMethod(target, 'Shape', standIn)
    wrapMethod(target, 'older', standIn)
    const made = Shape.made
    const shape = new target.Shape(3)
    expect(shape).toBeInstanceOf(Shape)
    expect(shape).toBeInstanceOf(target.Shape)
    expect([shape.sides, Object.getPrototypeOf(shape)]).toEqual([3, Shape.prototype])
    class Square extends target.Shape {
      constructor() {
        super(4)
      }
    }
    const square = new Square()
    expect([square.sides, square instanceof Square]).toEqual([4, true])
    expect(Shape.made).toBe(made + 2)
    expect(new target.older(5)).toBeInstanceOf(older)
    expect(standIn).not.toHaveBeenCalled()
  })

  it('cannot be constructed where the method could not', () => {
    const target = { arrow: () => {} }
    wrapMethod(target, 'arrow', passOn)
    expect(() => Reflect.construct(target.arrow, [])).toThrow(TypeError)
  })
})

describe('wrapping a method', () => {
  it('leaves the property as it was: enumerable or not, and put back whole', () => {
    const target = Object.defineProperty({}, 'hidden', {
      value: () => 'original',
      writable: false,
      enumerable: false,
      configurable: true
    }) as { hidden(): string }
    const before = Object.getOwnPropertyDescriptor(target, 'hidden')
    const undo = wrapMethod(target, 'hidden', () => 'stand-in')
    expect(target.hidden()).toBe('stand-in')
    expect(Object.getOwnPropertyDescriptor(target, 'hidden')).toEqual({
      ...before,
      value: target.hidden
    })
    undo?.()
    expect(Object.getOwnPropertyDescriptor(target, 'hidden')).toEqual(before)
  })

  it('is refused where there is nothing to wrap or it cannot be replaced', () => {
    const getter = {
      get method() {
        return () => {}
      }
    }
    const inherited = Object.create({ method: () => {} }) as object
    const frozen = Object.freeze({ method: () => {} })
    for (const target of [{}, { method: 1 }, getter, inherited, frozen])
      expect(wrapMethod(target, 'method', passOn)).toBeUndefined()
  })

  it('lets everything pass after its end, also where somebody else holds the wrapper', () => {
    const target = { method: () => 'original' }
    const undo = wrapMethod(target, 'method', () => 'ours')
    const ours = target.method
    const theirs = () => `theirs over ${ours()}`
    target.method = theirs
    expect(target.method()).toBe('theirs over ours')
    undo?.()
    expect(target.method).toBe(theirs)
    expect(target.method()).toBe('theirs over original')
  })
})

describe('overlaying a method of one object', () => {
  it('covers an inherited method of this object only, and does not list it', () => {
    const parent = { method: () => 'original' }
    const [one, other] = [Object.create(parent), Object.create(parent)] as (typeof parent)[]
    expect(overlayMethod(one!, 'method', (original) => `over ${String(original())}`)).toBe(true)
    expect([one!.method(), other!.method()]).toEqual(['over original', 'original'])
    expect(Object.keys(one!)).toEqual([])
    expect(inspect(one)).toBe('{}')
  })

  it('keeps an own method listed if it was', () => {
    const own = { method: () => 'original' }
    overlayMethod(own, 'method', () => 'over')
    expect([own.method(), Object.keys(own)]).toEqual(['over', ['method']])
  })

  it('is refused where there is no method or the object is sealed', () => {
    const sealed = Object.preventExtensions(Object.create({ method: () => {} })) as object
    for (const target of [{}, { method: 'text' }, sealed])
      expect(overlayMethod(target, 'method', passOn)).toBe(false)
  })
})

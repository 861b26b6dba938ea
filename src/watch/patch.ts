export type Callable = (this: unknown, ...args: unknown[]) => unknown

/** Stands in for a method: calls `original` itself, exactly once, whatever else it does. */
export type StandIn = (original: Callable, self: unknown, args: unknown[]) => unknown

/** The object among another one and its prototypes that has the method itself. */
export function ownerOf(object: object, name: PropertyKey): object | undefined {
  let owner: object | null = object
  while (owner !== null && !Object.hasOwn(owner, name))
    owner = Object.getPrototypeOf(owner) as object | null
  return owner ?? undefined
}

/** Replaces an own method and gives what puts it back; undefined when there is no such method or it may not be replaced (frozen). */
export function wrapMethod(
  target: object,
  name: PropertyKey,
  standIn: StandIn
): (() => void) | undefined {
  const before = Object.getOwnPropertyDescriptor(target, name)
  return (
    before &&
    replace(target, name, before, standIn, () => Reflect.defineProperty(target, name, before))
  )
}

/** The same for a prototype that may inherit the method: it gets one of its own, which is taken away again. */
export function wrapInherited(
  prototype: object,
  name: PropertyKey,
  standIn: StandIn
): (() => void) | undefined {
  if (Object.hasOwn(prototype, name)) return wrapMethod(prototype, name, standIn)
  const value: unknown = Reflect.get(prototype, name)
  const own = { value, writable: true, configurable: true, enumerable: false }
  return replace(prototype, name, own, standIn, () => Reflect.deleteProperty(prototype, name))
}

function replace(
  target: object,
  name: PropertyKey,
  before: PropertyDescriptor,
  standIn: StandIn,
  putBack: () => void
): (() => void) | undefined {
  if (typeof before.value !== 'function') return undefined
  let on = true
  const wrapper = standInFor(before.value as Callable, (original, self, args) =>
    on ? standIn(original, self, args) : Reflect.apply(original, self, args)
  )
  if (!Reflect.defineProperty(target, name, { ...before, value: wrapper })) return undefined
  return () => {
    // Whoever wrapped it after us holds ours: it stays in that chain and lets everything pass.
    on = false
    if (Object.getOwnPropertyDescriptor(target, name)?.value === wrapper) putBack()
  }
}

/**
 * The same for one object whose method may be inherited; it is not put back, since the object dies with its work. By a proxy: that costs 0.05 us
 * for each such object, a function that looks the same 3 to 6 us, and it shows nowhere, since an inherited method is not listed.
 */
export function overlayMethod(target: object, name: string, standIn: StandIn): boolean {
  const inherited = Reflect.get(target, name) as unknown
  if (typeof inherited !== 'function') return false
  const own = Object.getOwnPropertyDescriptor(target, name)
  return Reflect.defineProperty(target, name, {
    value: new Proxy(inherited as Callable, { apply: standIn }),
    writable: true,
    configurable: true,
    enumerable: own?.enumerable === true
  })
}

/**
 * A function that looks like the original: name, length, own properties, `prototype` and `new`. Not a proxy, though that would be all this for
 * free: Node 26 prints one as `Proxy([Function: log])`, so that the host's own output would change.
 */
export function standInFor(original: Callable, standIn: StandIn): Callable {
  const wrapper: Callable = Object.hasOwn(original, 'prototype')
    ? function (this: unknown, ...args) {
        if (new.target === undefined) return standIn(original, this, args)
        return Reflect.construct(original, args, new.target === wrapper ? original : new.target)
      }
    : methodOf(original, standIn)
  for (const key of Reflect.ownKeys(original))
    Reflect.defineProperty(wrapper, key, Object.getOwnPropertyDescriptor(original, key) ?? {})
  return wrapper
}

// Written as a method it has no `prototype`, as the methods of classes and of the console have none.
function methodOf(original: Callable, standIn: StandIn): Callable {
  const holder: { method: Callable } = {
    method(this: unknown, ...args: unknown[]) {
      return standIn(original, this, args)
    }
  }
  return holder.method
}

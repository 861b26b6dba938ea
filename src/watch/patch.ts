type Callable = (this: unknown, ...args: unknown[]) => unknown

/** Stands in for a method: calls `original` itself, exactly once, whatever else it does. */
export type StandIn = (original: Callable, self: unknown, args: unknown[]) => unknown

/**
 * Replaces an own method and gives what puts it back; undefined when there is no such method or it may not be replaced (frozen). A proxy, not
 * a function that copies: name, length, own properties, `prototype` and `new` stay the original's, and what others set on it lands there.
 */
export function wrapMethod(
  target: object,
  name: string,
  standIn: StandIn
): (() => void) | undefined {
  const before = Object.getOwnPropertyDescriptor(target, name)
  if (before === undefined || typeof before.value !== 'function') return undefined
  let on = true
  const wrapper = new Proxy(before.value as Callable, {
    apply: (original, self: unknown, args: unknown[]) =>
      on ? standIn(original, self, args) : Reflect.apply(original, self, args)
  })
  if (!Reflect.defineProperty(target, name, { ...before, value: wrapper })) return undefined
  return () => {
    // Whoever wrapped it after us holds ours: it stays in that chain and lets everything pass.
    on = false
    if (Object.getOwnPropertyDescriptor(target, name)?.value === wrapper)
      Reflect.defineProperty(target, name, before)
  }
}

/** The same for one object whose method may be inherited; it is not put back, since the object dies with its work. */
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

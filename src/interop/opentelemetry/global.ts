/** What OpenTelemetry's API keeps for all of its copies of major version 1; one slot for each signal. */
export interface ApiGlobal {
  version: string
  trace?: unknown
  context?: unknown
  propagation?: unknown
}

const apiKey: unique symbol = Symbol.for('opentelemetry.js.api.1') as never

type Slots = Pick<ApiGlobal, 'trace' | 'context' | 'propagation'>

const slotNames: readonly (keyof Slots)[] = ['trace', 'context', 'propagation']

const holder = globalThis as { [apiKey]?: ApiGlobal | undefined }

/** What is registered now, by anyone. */
export function readGlobal(): ApiGlobal | undefined {
  return holder[apiKey]
}

/** Runs `fn` as if nothing had been registered yet; gives what it registered. */
export function inEmptyGlobal(fn: () => void): ApiGlobal | undefined {
  const before = Object.getOwnPropertyDescriptor(globalThis, apiKey)
  delete holder[apiKey]
  try {
    fn()
    return holder[apiKey]
  } finally {
    delete holder[apiKey]
    if (before !== undefined) Object.defineProperty(globalThis, apiKey, before)
  }
}

// A copy of the API uses what is registered only if its own minor version is not above the global's (API semver.ts): no copy is.
const anyVersion = '1.99.0'

/**
 * Puts our slots where every copy of the API finds them, whatever its version; gives the way to take them out again.
 *
 * The two rules of the API contradict each other: readers want a high version, and who registers another signal later (a meter provider, a
 * diagnostics logger) is refused unless the version is exactly its own. A registration is told from a read by the API's
 * `global[key] = global[key] ?? {...}`, an assignment that readers never make, right before it looks at the slot and the version. So after
 * an assignment the application's own version is answered, and the host's metrics work as they did without us; and our slots look empty,
 * so that an SDK that the host starts after us gets its place: to be refused would cost the host its telemetry. `onTaken` tells of that.
 */
export function shareSlots(
  slots: Slots,
  appVersion: string | undefined,
  onTaken: () => void
): () => void {
  const before = readGlobal()
  // Who registered something before will register more.
  const theirVersion = before?.version ?? appVersion ?? anyVersion
  const ours: ApiGlobal = { ...before, version: '' }
  let shared: ApiGlobal | undefined = ours
  let registering = false
  const visible = (target: object, name: string | symbol, parts: PropertyDescriptor): void => {
    Object.defineProperty(target, name, { ...parts, enumerable: true, configurable: true })
  }

  const held = new Map(Object.entries(slots) as [keyof Slots, unknown][])
  const letGo = (names: readonly (keyof Slots)[]): void => {
    for (const name of names) if (held.delete(name)) delete ours[name]
  }
  for (const [name, value] of held) {
    visible(ours, name, {
      get: () => (registering ? undefined : value),
      set(theirs: unknown) {
        // A tracer provider without the context manager that goes with it would lose every parent.
        letGo(name === 'propagation' ? [name] : slotNames)
        ours[name] = theirs
        if (name !== 'propagation') onTaken()
      }
    })
  }
  visible(ours, 'version', { get: () => (registering ? theirVersion : anyVersion) })
  const get = (): ApiGlobal | undefined => {
    registering = false
    return shared
  }
  const set = (value: ApiGlobal | undefined): void => {
    registering = true
    shared = value
  }
  visible(globalThis, apiKey, { get, set })

  return () => {
    // A plain value stands where a user removed ours (`trace.disable()`) and registered another.
    letGo(slotNames.filter((name) => !('value' in (descriptorOf(ours, name) ?? {}))))
    if (Reflect.get(descriptorOf(globalThis, apiKey) ?? {}, 'get') !== get) return
    delete holder[apiKey]
    const others = shared === ours ? leftOf(ours, theirVersion) : shared
    if (others !== undefined) holder[apiKey] = others
  }
}

function descriptorOf(target: object, name: string | symbol): PropertyDescriptor | undefined {
  return Object.getOwnPropertyDescriptor(target, name)
}

// What others registered meanwhile stays, under a version that lets its owner go on.
function leftOf(api: ApiGlobal, version: string): ApiGlobal | undefined {
  return Object.keys(api).length === 1 ? undefined : { ...api, version }
}

/** What OpenTelemetry's API keeps for all of its copies of major version 1; one slot for each signal. */
export interface ApiGlobal {
  version: string
  trace?: unknown
  context?: unknown
  propagation?: unknown
}

export const apiKey: unique symbol = Symbol.for('opentelemetry.js.api.1') as never

type Slots = Pick<ApiGlobal, 'trace' | 'context' | 'propagation'>

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
 * `global[key] = global[key] ?? {...}`, an assignment that readers never make, right before it looks at the version. So after an
 * assignment the application's own version is answered, and the host's metrics work as they did without us.
 */
export function shareSlots(slots: Slots, appVersion: string | undefined): () => void {
  const before = readGlobal()
  // Who registered something before will register more.
  const theirVersion = before?.version ?? appVersion ?? anyVersion
  let shared: ApiGlobal | undefined = { ...before, ...slots, version: '' }
  let registering = false
  const ours = shared
  Object.defineProperty(ours, 'version', {
    get: () => (registering ? theirVersion : anyVersion),
    enumerable: true,
    configurable: true
  })
  const get = (): ApiGlobal | undefined => {
    registering = false
    return shared
  }
  Object.defineProperty(globalThis, apiKey, {
    get,
    set(value: ApiGlobal | undefined) {
      registering = true
      shared = value
    },
    enumerable: true,
    configurable: true
  })
  return () => {
    for (const name of ['trace', 'context', 'propagation'] as const)
      if (slots[name] !== undefined && ours[name] === slots[name]) delete ours[name]
    if (Object.getOwnPropertyDescriptor(globalThis, apiKey)?.get !== get) return
    delete holder[apiKey]
    const others = shared === ours ? leftOf(ours, theirVersion) : shared
    if (others !== undefined) holder[apiKey] = others
  }
}

// What others registered meanwhile stays, under a version that lets its owner go on.
function leftOf(api: ApiGlobal, version: string): ApiGlobal | undefined {
  return Object.keys(api).length === 1 ? undefined : { ...api, version }
}

interface Done<T> {
  readonly key: string
  readonly version: string
  readonly result: T
}

/**
 * Callers that ask for the same while the work on it is going on, or before anything has changed, share its result. What is asked for otherwise waits
 * for its turn.
 */
export function oneAtATime<T, Asked extends readonly unknown[]>(
  work: (...asked: Asked) => Promise<T>,
  version: () => string
): (...asked: Asked) => Promise<T> {
  const running = new Map<string, Promise<T>>()
  let lastTurn: Promise<unknown> = Promise.resolve()
  let done: Done<T> | undefined
  async function run(key: string, asked: Asked, before: Promise<unknown>): Promise<T> {
    await before
    const at = version()
    try {
      const result = await work(...asked)
      done = { key, version: at, result }
      return result
    } finally {
      running.delete(key)
    }
  }
  return (...asked) => {
    const key = JSON.stringify(asked)
    const own = running.get(key)
    if (own !== undefined) return own
    if (done?.key === key && done.version === version()) return Promise.resolve(done.result)
    const result = run(key, asked, lastTurn)
    lastTurn = result.catch(() => {})
    running.set(key, result)
    return result
  }
}

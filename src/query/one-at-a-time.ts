/** Callers that come while the work is going on, or before anything has changed, share its result. */
export function oneAtATime<T>(work: () => Promise<T>, version: () => string): () => Promise<T> {
  let running: Promise<T> | undefined
  let last: { readonly version: string; readonly result: T } | undefined
  async function run(at: string): Promise<T> {
    try {
      const result = await work()
      last = { version: at, result }
      return result
    } finally {
      running = undefined
    }
  }
  return () => {
    const at = version()
    if (running === undefined && last?.version === at) return Promise.resolve(last.result)
    return (running ??= run(at))
  }
}

/**
 * What is loaded when it is needed first, and once. A file that is not there now (the package is being updated) may be there for the next one who asks:
 * a failure is not kept.
 */
export function later<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return () =>
    (loading ??= load().catch((error: unknown) => {
      loading = undefined
      throw error
    }))
}

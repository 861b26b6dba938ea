import type { Delivery, Destination, ExportRequest } from './destination.ts'

/** The request with what the destination's `authorize` adds to it, or the failed try that it is without. */
export async function authorized(
  { authorize, timeoutMs }: Destination,
  request: ExportRequest
): Promise<ExportRequest | Delivery> {
  if (authorize === undefined) return request
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_, reject) => {
    const error = new Error(`no credentials within ${timeoutMs} ms`)
    timer = setTimeout(() => reject(error), timeoutMs).unref()
  })
  try {
    const headers = await Promise.race([authorize(request), tooLong])
    return { ...request, headers: { ...request.headers, ...headers } }
  } catch (error) {
    return { outcome: 'retry', why: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
  }
}

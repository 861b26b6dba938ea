/** What the API answers a request with; of the shape that whoever serves it asks for. */
export interface Answer {
  /** @default 200 */
  readonly status?: number
  readonly body: object
}

/** As the classic API wraps everything. */
export function envelope(data: readonly unknown[], total: number = data.length): Answer {
  return { body: { data, total, limit: 0, offset: 0, errors: null } }
}

export function failure(code: number, msg: string): Answer {
  const errors = [{ code, msg }]
  return { status: code, body: { data: null, total: 0, limit: 0, offset: 0, errors } }
}

/** As version 3 does: a gRPC gateway's error. */
export function gatewayFailure(httpCode: number, message: string): Answer {
  return { status: httpCode, body: { error: { httpCode, message } } }
}

export const notFound = 'trace not found'

import type { IncomingHttpHeaders } from 'node:http'
import { b3, b3multi } from './b3.ts'
import type { Carried, HeaderFormat } from './carried.ts'
import { google } from './google.ts'
import { jaeger } from './jaeger.ts'
import { w3c } from './w3c.ts'
import { xray } from './xray.ts'

/**
 * Header formats by the name that the `propagate` option gives, in the order in which they are read: the first that carries something valid
 * counts. The standard comes first; then those that tracers write; last those that load balancers put on every request, tracers or not.
 */
export const headerFormats: Readonly<Record<HeaderFormatName, HeaderFormat>> = {
  w3c,
  b3,
  b3multi,
  jaeger,
  xray,
  google
}

export type HeaderFormatName = 'w3c' | 'b3' | 'b3multi' | 'jaeger' | 'xray' | 'google'

export const formatNames: readonly HeaderFormatName[] = Object.keys(
  headerFormats
) as HeaderFormatName[]

const all = Object.values(headerFormats)

/** The lower-case names of all headers that are read. */
export const readFields: readonly string[] = all.flatMap(({ fields }) => fields)

/** Foreign input: undefined where no header of any format carries anything valid. A decision without a trace counts only where there is no trace at all. */
export function readCarried(headers: IncomingHttpHeaders): Carried | undefined {
  let decision: Carried | undefined
  for (const format of all) {
    const carried = format.read(headers)
    if (carried === undefined) continue
    if (carried.parent !== undefined || carried.traceId !== undefined) return carried
    decision ??= carried
  }
  return decision
}

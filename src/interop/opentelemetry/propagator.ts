import type { IncomingHttpHeaders } from 'node:http'
import type { Guard } from '../../base/safely.ts'
import { namesRead, type Propagation } from '../../span/propagation.ts'
import { isSuppressed } from '../../context/context.ts'
import { adopt, type ApiContext, original } from './adopt.ts'

/** OpenTelemetry's TextMapSetter and TextMapGetter. */
export interface Setter<C> {
  set(carrier: C, key: string, value: string): void
}

export interface Getter<C> {
  keys(carrier: C): string[]
  get(carrier: C, key: string): undefined | string | string[]
}

/** OpenTelemetry's TextMapPropagator over the header formats that the server itself uses. */
export class Propagator {
  readonly #propagation: Propagation
  readonly #guard: Guard

  constructor(propagation: Propagation, guard: Guard) {
    this.#propagation = propagation
    this.#guard = guard
  }

  inject<C>(context: ApiContext, carrier: C, setter: Setter<C>): void {
    const at = adopt(context)
    // An exporter's own request must not look like a part of the trace it reports.
    if (isSuppressed(at)) return
    const found: [string, string][] = []
    this.#guard(() => this.#propagation.inject(at, (name, value) => found.push([name, value])))
    // Outside the guard: what the caller's setter throws is the caller's to see ("headers already sent").
    for (const [name, value] of found) setter.set(carrier, name, value)
  }

  extract<C>(context: ApiContext, carrier: C, getter: Getter<C>): ApiContext {
    const at = adopt(context)
    const extracted = this.#guard(() => {
      const headers: IncomingHttpHeaders = {}
      for (const name of namesRead(this.#propagation, () => getter.keys(carrier))) {
        const value = getter.get(carrier, name)
        if (typeof value === 'string' || Array.isArray(value)) headers[name.toLowerCase()] = value
      }
      return this.#propagation.extract(headers, at)
    })
    return extracted === undefined || extracted === at ? context : original(extracted)
  }

  fields(): string[] {
    return [...this.#propagation.fields]
  }
}

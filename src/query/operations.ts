import type { SpanKind } from '../base/span-data.ts'
import type { TraceStore } from '../store/types.ts'
import type { Operation } from './types.ts'

// As for the map: beyond this the newest traces speak for the rest.
const budgetMs = 500

// A service that puts ids into the names of its spans must neither fill the memory nor hide the others.
const maxServices = 1000
const maxOfService = 1000
const maxOperations = 10_000

/** What services do, by the names of their spans, drawn from the traces in memory, the newest first, within half a second. In order. */
export function* operationsIn(store: TraceStore, now: () => number): Generator<void, Operation[]> {
  const until = now() + budgetMs
  const services = new Map<string, Map<string, Set<SpanKind>>>()
  let total = 0
  const note = (service: string, name: string, kind: SpanKind): void => {
    let names = services.get(service)
    if (names === undefined) {
      if (services.size >= maxServices) return
      names = new Map()
      services.set(service, names)
    }
    const kinds = names.get(name)
    if (kinds?.has(kind) === true || total >= maxOperations) return
    if (kinds !== undefined) kinds.add(kind)
    else if (names.size < maxOfService) names.set(name, new Set([kind]))
    else return
    total++
  }
  for (const trace of store.traces()) {
    if (trace !== undefined) {
      for (const { spans, resource } of store.recordsInParts(trace.traceId)) {
        for (const { name, kind } of spans) note(resource.service, name, kind)
        yield
      }
    }
    if (now() >= until) break
    yield
  }
  return inOrder(services)
}

function inOrder(
  services: ReadonlyMap<string, ReadonlyMap<string, Iterable<SpanKind>>>
): Operation[] {
  const found: Operation[] = []
  for (const [service, names] of services)
    for (const [name, kinds] of names) for (const kind of kinds) found.push({ service, name, kind })
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  return found.sort(
    (a, b) => order(a.service, b.service) || order(a.name, b.name) || a.kind - b.kind
  )
}

import { performance } from 'node:perf_hooks'

/** What this thread has done since the meter was read last, in milliseconds. */
export interface Reading {
  /** The event loop waited for something to do. */
  readonly idle: number
  readonly cpu: number
}

export type Meter = () => Reading

// That of the thread alone came with Node 23.9; the process's has the collector's helpers and the thread pool in it, too.
type Usage = () => { readonly user: number; readonly system: number }
const { threadCpuUsage } = process as { readonly threadCpuUsage?: Usage }
const usage: Usage = threadCpuUsage?.bind(process) ?? (() => process.cpuUsage())

/** Reads what libuv and the kernel count anyway: half a microsecond. */
export function createMeter(): Meter {
  let idleAt = performance.nodeTiming.idleTime
  let cpuAt = total(usage())
  return () => {
    const idleNow = performance.nodeTiming.idleTime
    const cpuNow = total(usage())
    const reading = { idle: idleNow - idleAt, cpu: cpuNow - cpuAt }
    idleAt = idleNow
    cpuAt = cpuNow
    return reading
  }
}

function total({ user, system }: ReturnType<Usage>): number {
  return (user + system) / 1000
}

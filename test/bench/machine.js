import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem, type } from 'node:os'

const cores = availableParallelism()
const canPin = cores > 1 && spawnSync('taskset', ['--version']).status === 0

/** The words before a command that keep it on the core of its role; none where that cannot be said. */
export function coreFor(role) {
  if (!canPin || role === undefined) return []
  return ['taskset', '-c', role === 'host' ? '0' : '1']
}

/** Where and on what the bench runs. */
export function machine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: type(),
    pinned: canPin,
    node: process.version,
    date: new Date().toISOString()
  }
}

/**
 * The share of all cores that is in use by others, over a second in which the bench itself does nothing. Above a few per cent the
 * figures are noisy: caches and the processor's clock are shared even where CPU time is not. `undefined` where nobody tells.
 */
export async function busyShare(ms = 1000) {
  const before = ticks()
  if (before === undefined)
    return loadavg()[0] === 0 ? undefined : Math.min(1, loadavg()[0] / cores)
  await new Promise((resolve) => setTimeout(resolve, ms))
  const after = ticks()
  return 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all)
}

function ticks() {
  try {
    const numbers = readFileSync('/proc/stat', 'utf8')
      .split('\n')[0]
      .trim()
      .split(/\s+/)
      .slice(1, 9)
      .map(Number)
    return { idle: numbers[3] + numbers[4], all: numbers.reduce((sum, n) => sum + n, 0) }
  } catch {
    return undefined
  }
}

import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Cluster } from 'node:cluster'
import { createRequire } from 'node:module'
import { hostname } from 'node:os'
import {
  BroadcastChannel,
  getEnvironmentData,
  isMainThread,
  setEnvironmentData
} from 'node:worker_threads'

export interface Identity {
  /** The mount path, the service, and the version of this package: those who differ in one of them are no family. */
  readonly parts: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

const dataKey = 'spanlight.workers'
const created = 'worker_threads'

export interface Belonging {
  /** Told the name of the family, and for how many milliseconds others go first when there is nobody who keeps. */
  join(name: string, waitMs: number): void
  /** Told what a thread of this process had recorded when it ended before it could join. */
  hear(lastWords: unknown): void
}

export interface Belonged {
  /** Of a thread that ends: tells its main thread what it could tell nobody else. */
  say(lastWords: unknown): void
  stop(): void
}

/** In milliseconds. A cluster's new worker lets the one that has a copy go first; a thread comes and goes, and keeps only where nobody else does. */
const waits = { cluster: 250, thread: 5000, main: 0 }

/**
 * Finds out whether this process or thread is one of several workers, and has it join its family: at once in a worker of a cluster (PM2's cluster
 * mode is one), and in a thread whose main thread records; in a main thread when the first such thread says that it is there. What is none of
 * these pays for a subscription.
 */
export function belong(identity: Identity, belonging: Belonging): Belonged {
  const silent: Belonged = { say() {}, stop() {} }
  if (!isMainThread) {
    const name = getEnvironmentData(dataKey)
    if (typeof name !== 'string') return silent
    const say = (text: unknown): void => tell(name, text)
    say(here)
    belonging.join(name, waits.thread)
    return { ...silent, say }
  }
  const inCluster = isClusterWorker()
  const name = inCluster ? clusterName(identity) : nameOf(process.pid, identity.parts)
  // Inherited by every thread that is created from here on.
  setEnvironmentData(dataKey, name)
  let joined = inCluster
  if (inCluster) belonging.join(name, waits.cluster)
  const stop = onThreads(name, (text) => {
    if (!joined) belonging.join(name, waits.main)
    joined = true
    if (text !== here) belonging.hear(text)
  })
  return {
    ...silent,
    stop() {
      stop()
      setEnvironmentData(dataKey, undefined)
    }
  }
}

const here = 'here'

function tell(name: string, text: unknown): void {
  const channel = new BroadcastChannel(name)
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a window's, not a channel's
  channel.postMessage(text)
  channel.close()
}

// Not by its variable, which Node takes away as it starts. Without a channel to a parent it is none, and the module need not be loaded.
function isClusterWorker(): boolean {
  if (process.send === undefined) return false
  const cluster = createRequire(import.meta.url)('node:cluster') as Cluster
  return cluster.isWorker
}

// The parent may run several applications: PM2's daemon is the parent of all.
function clusterName({ parts, env }: Identity): string {
  const pm2 = env['pm_id'] === undefined ? '' : (env['name'] ?? '')
  return nameOf(process.ppid, [process.argv[1] ?? '', pm2, ...parts])
}

// The host's name, because containers that share a directory count their processes each from one.
function nameOf(pid: number, parts: readonly string[]): string {
  const all = JSON.stringify([hostname(), process.version, ...parts])
  return `${pid}-${createHash('sha256').update(all).digest('hex').slice(0, 12)}`
}

/** Many a thread is a logger's or a bundler's, and records nothing: only one that does says something. */
function onThreads(name: string, listener: (text: unknown) => void): () => void {
  let channel: BroadcastChannel | undefined
  const onCreated = (): void => {
    unsubscribe(created, onCreated)
    channel = new BroadcastChannel(name)
    channel.addEventListener('message', (event) => listener((event as { data?: unknown }).data))
    // A listener makes it hold the process.
    channel.unref()
  }
  subscribe(created, onCreated)
  return () => {
    unsubscribe(created, onCreated)
    channel?.close()
  }
}

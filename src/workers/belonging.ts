import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Cluster } from 'node:cluster'
import { createRequire } from 'node:module'
import { hostname } from 'node:os'
import {
  BroadcastChannel,
  getEnvironmentData,
  isMainThread,
  setEnvironmentData,
  threadId
} from 'node:worker_threads'

export interface Identity {
  /** The mount path, the service, and the version of this package: those who differ in one of them are no family. */
  readonly parts: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

const dataKey = 'spanlight.workers'
const created = 'worker_threads'

/**
 * Finds out whether this process or thread is one of several workers, and tells `join` the name of their family: at once in a worker of a cluster
 * (PM2's cluster mode is one), and in a thread whose main thread records; in a main thread when the first such thread says that it is there.
 * Returns the way to stop. What is none of these is told nothing, and pays for a subscription.
 */
export function whenBelonging(identity: Identity, join: (name: string) => void): () => void {
  if (!isMainThread) {
    const name = getEnvironmentData(dataKey)
    if (typeof name !== 'string') return () => {}
    const channel = new BroadcastChannel(name)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a window's, not a channel's
    channel.postMessage(threadId)
    channel.close()
    join(name)
    return () => {}
  }
  const inCluster = isClusterWorker()
  const name = inCluster ? clusterName(identity) : nameOf(process.pid, identity.parts)
  // Inherited by every thread that is created from here on.
  setEnvironmentData(dataKey, name)
  if (inCluster) join(name)
  const stop = inCluster ? () => {} : onFirstThread(name, () => join(name))
  return () => {
    stop()
    setEnvironmentData(dataKey, undefined)
  }
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

/** Many a thread is a logger's or a bundler's, and records nothing: only one that does says so. */
function onFirstThread(name: string, join: () => void): () => void {
  let channel: BroadcastChannel | undefined
  const onCreated = (): void => {
    unsubscribe(created, onCreated)
    channel = new BroadcastChannel(name)
    const onMessage = (): void => {
      channel?.close()
      join()
    }
    channel.addEventListener('message', onMessage)
    // A listener makes it hold the process.
    channel.unref()
  }
  subscribe(created, onCreated)
  return () => {
    unsubscribe(created, onCreated)
    channel?.close()
  }
}

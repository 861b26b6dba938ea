import { rootContext, runIn, suppressed } from '../../context/context.ts'
import { get } from '../../span/exception.ts'
import { followCall } from '../call.ts'
import { handedModule } from '../loaded.ts'
import {
  headersOf,
  isPlain,
  type MessagingSpan,
  runProcessing,
  runSending,
  startProcessing,
  startSending
} from './messaging.ts'
import { wrapMethod } from '../patch.ts'
import {
  claimObject,
  type Watch,
  type WatchSetup,
  watchedElsewhere,
  watchWrapped
} from '../watch.ts'

interface Class {
  readonly prototype: object
}

interface Bullmq {
  readonly Queue: Class
  readonly Worker: Class
  readonly FlowProducer?: Class
}

const system = 'bullmq'

/** A job of `addBulk`, or a node of a flow, which has children. */
interface Job {
  readonly opts?: {
    readonly telemetry?: { readonly metadata?: unknown; readonly omitContext?: unknown }
  }
  readonly children?: readonly Job[]
}

/** What BullMQ takes back a job for, by errors of its own: the job has not failed. */
const postponed: ReadonlySet<unknown> = new Set([
  'DelayedError',
  'RateLimitError',
  'WaitingError',
  'WaitingChildrenError'
])

/**
 * Watches the queues and workers of the `bullmq` module that the user hands over. The context travels where BullMQ's own telemetry puts it, as the
 * same JSON text, so that either side may be traced by that. A queue or worker that was given a telemetry of its own is left to it.
 * @throws TypeError when the value is not the bullmq module
 */
export function wrapBullmq(setup: WatchSetup, module: unknown): Watch {
  const bullmq = handedModule<Bullmq>(
    module,
    ({ Queue, Worker }) =>
      typeof get(Queue?.prototype, 'add') === 'function' &&
      typeof get(Worker?.prototype, 'processJob') === 'function'
  )
  if (bullmq === undefined)
    throw new TypeError(
      "instrument.bullmq must be the bullmq module: import * as bullmq from 'bullmq'"
    )
  const queue = bullmq.Queue.prototype
  const flows = bullmq.FlowProducer?.prototype ?? {}
  const release = claimObject(queue)
  if (release === undefined) return watchedElsewhere('bullmq')
  const ofQueue = (self: unknown): string => textOf(get(self, 'name'))
  const one = ([name, data, opts, ...rest]: unknown[], carry: Carry): unknown[] => [
    name,
    data,
    carry({ opts } as Job).opts,
    ...rest
  ]
  const flow = ([root, ...rest]: unknown[], carry: Carry): unknown[] => [
    carry(root as Job),
    ...rest
  ]
  const undo = [
    wrapSend(setup, queue, 'add', ofQueue, one),
    wrapSend(setup, queue, 'addBulk', ofQueue, several),
    wrapSend(setup, flows, 'add', (_self, [root]) => textOf(get(root, 'queueName')), flow),
    wrapSend(setup, flows, 'addBulk', () => '', several),
    ...wrapWorker(setup, bullmq.Worker.prototype)
  ]
  return watchWrapped({
    name: 'bullmq',
    on: undo[0] !== undefined,
    how: 'instrument: { bullmq }',
    frozen: 'Queue is frozen',
    undo,
    release
  })
}

/** Puts the context into a job and its children. */
type Carry = (job: Job) => Job

function several([jobs, ...rest]: unknown[], carry: Carry): unknown[] {
  return [Array.isArray(jobs) ? (jobs as Job[]).map(carry) : jobs, ...rest]
}

function wrapSend(
  setup: WatchSetup,
  prototype: object,
  operation: string,
  destinationOf: (self: unknown, args: unknown[]) => string,
  change: (args: unknown[], carry: Carry) => unknown[]
): (() => void) | undefined {
  return wrapMethod(prototype, operation, (original, self, args) => {
    const begun = setup.guard(() => {
      if (hasTelemetry(self)) return undefined
      const messages = Array.isArray(args[0]) ? args[0].length : undefined
      const destination = destinationOf(self, args)
      const sending = startSending(setup, { system, operation, destination, messages })
      if (sending === undefined) return undefined
      const metadata = JSON.stringify(headersOf(setup, sending))
      return { sending, args: change(args, (job) => carrying(job, metadata)) }
    })
    if (begun === undefined) return Reflect.apply(original, self, args)
    const { sending } = begun
    return runSending(setup, sending, () => Reflect.apply(original, self, begun.args))
  })
}

function hasTelemetry(self: unknown): boolean {
  return get(get(self, 'opts'), 'telemetry') !== undefined
}

/** The job with the context in its options, as BullMQ puts it there: unless the user says otherwise. */
function carrying(job: Job, metadata: string): Job {
  if (!isPlain(job)) return job
  const { opts, children } = job
  const { telemetry } = opts ?? {}
  const own =
    (opts !== undefined && !isPlain(opts)) ||
    telemetry?.metadata !== undefined ||
    telemetry?.omitContext === true
  return {
    ...job,
    ...(!own && { opts: { ...opts, telemetry: { ...telemetry, metadata } } }),
    ...(Array.isArray(children) && {
      children: (children as Job[]).map((child) => carrying(child, metadata))
    })
  }
}

function wrapWorker(setup: WatchSetup, worker: object): ((() => void) | undefined)[] {
  const processing = new WeakMap<object, MessagingSpan>()
  return [
    // A worker asks Redis for work without end: what it asks is nothing to be told of, and each job is processed in a context of its own.
    wrapMethod(worker, 'run', (original, self, args) => {
      const run = (): unknown => Reflect.apply(original, self, args)
      const own = setup.guard(() => hasTelemetry(self)) ?? true
      return own ? run() : runIn(suppressed(rootContext), run)
    }),
    wrapMethod(worker, 'processJob', (original, self, args) => {
      const begun = setup.guard(() => {
        if (hasTelemetry(self)) return undefined
        const span = startJob(setup, textOf(get(self, 'name')), args[0])
        processing.set(args[0] as object, span)
        return span
      })
      return runProcessing(setup, begun, () => Reflect.apply(original, self, args))
    }),
    // Where the host's own code is called: what that throws, BullMQ keeps to itself.
    wrapMethod(worker, 'callProcessJob', (original, self, args) => {
      const failed = (error: unknown): void => {
        if (!postponed.has(get(error, 'name'))) processing.get(args[0] as object)?.thrown(error)
      }
      return followCall(setup.guard, { done() {}, failed }, () =>
        Reflect.apply(original, self, args)
      )
    })
  ]
}

function startJob(setup: WatchSetup, queue: string, job: unknown): MessagingSpan {
  const metadata = get(get(get(job, 'opts'), 'telemetry'), 'metadata')
  const processing = startProcessing(
    setup,
    { system, operation: 'process', destination: queue, messageId: get(job, 'id') },
    headersIn(metadata)
  )
  const { span } = processing
  span.setAttribute('bullmq.job.name', get(job, 'name'))
  const made = get(job, 'attemptsMade')
  if (typeof made === 'number' && made > 0) span.put('bullmq.job.attempts.made', made)
  return processing
}

/** Characters; a text of three headers of W3C is not longer. */
const maxMetadata = 16_384

function headersIn(metadata: unknown): unknown {
  if (typeof metadata !== 'string' || metadata.length > maxMetadata) return undefined
  try {
    return JSON.parse(metadata) as unknown
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

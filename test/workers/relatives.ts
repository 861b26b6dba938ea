import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TraceId } from '../../src/base/ids.ts'
import type { SpanData, TraceRecord } from '../../src/base/span-data.ts'
import { createStore } from '../../src/store/store.ts'
import type { RecordFeed, TraceStore } from '../../src/store/types.ts'
import { Family } from '../../src/workers/family.ts'
import type { Common, Discovery, Question } from '../../src/workers/knowledge.ts'
import { flat, request } from '../query/fixtures.ts'
import { silentReport } from '../store/arbitrary.ts'

/** A worker without a server: what it has recorded, and its part in the family. */
export class Relative {
  readonly store: TraceStore & RecordFeed
  readonly family: Family
  readonly pid: number
  /** What it knows, and what it was told. */
  common: Common = { proxy: '', wishes: [] }
  readonly heard: Discovery[] = []
  readonly asked: Question[] = []
  answers: (question: Question) => Promise<unknown> = async () => undefined

  constructor(name: string, pid: number, memory = 2 ** 20) {
    this.pid = pid
    this.store = createStore({ memory, report: silentReport() })
    const keep = (record: TraceRecord): void => void this.store.add(record, '')
    this.family = new Family({
      name,
      worker: { id: `ring of ${pid}`, pid, thread: 0 },
      waitMs: 0,
      say: () => {},
      store: this.store,
      keep,
      clear: () => this.store.clear(),
      pin: (id) => void this.store.pin(id as TraceId),
      knowledge: {
        common: () => this.common,
        take: (common) =>
          void (this.common = { ...common, proxy: common.proxy || this.common.proxy }),
        hear: (discovery) => {
          this.heard.push(discovery)
          if (discovery.type === 'proxy') this.common = { ...this.common, proxy: discovery.sign }
        },
        answer: (question) => {
          this.asked.push(question)
          return this.answers(question)
        }
      },
      inFlight: () => [],
      onOthersChange: () => {},
      pages: () => 0,
      onTurn: () => {},
      onRequest: (_req, res) => void res.end(),
      onUpgrade: (_req, socket) => void socket.destroy(),
      report: silentReport(),
      run: (fn) => fn()
    })
  }

  get role(): string {
    return this.family.state.role
  }

  /** Records a request of that number; gives its trace id. */
  record(trace: number, bytes = 0, children: SpanData[] = []): TraceId {
    const attributes = flat({ 'process.pid': this.pid })
    const { resource, ...rest } = request({
      trace,
      attributes: { padding: random(bytes) },
      children
    })
    this.store.add({ ...rest, resource: { ...resource, attributes } }, '')
    return rest.traceId
  }

  pin(traceId: TraceId): void {
    this.store.pin(traceId)
    this.family.pin(traceId)
  }

  /** Why a trace is kept; undefined when it is not there. */
  kept(traceId: TraceId): string | undefined {
    return this.store.entries(traceId)[0]?.kept
  }
}

// What repeats is stored once.
function random(length: number): string {
  let text = ''
  while (text.length < length) text += Math.random().toString(36).slice(2)
  return text.slice(0, length)
}

/** Families of this process, which meet in a folder of their own. */
export class Relatives {
  readonly name = `${process.pid}-0123456789ab`
  readonly #folder = mkdtempSync(join('/tmp', 'spanlight-relatives-'))
  readonly #before = process.env['TMPDIR']
  readonly #all: Relative[] = []
  #lastPid = 1000

  constructor() {
    process.env['TMPDIR'] = this.#folder
  }

  join(memory?: number): Relative {
    const relative = new Relative(this.name, ++this.#lastPid, memory)
    this.#all.push(relative)
    return relative
  }

  remove(): void {
    for (const one of this.#all) one.family.close()
    if (this.#before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = this.#before
    rmSync(this.#folder, { recursive: true })
  }
}

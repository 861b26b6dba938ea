/** The parts of V8's CPU profile that are drawn. Times are microseconds. */
export interface CpuProfile {
  nodes: {
    id: number
    callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number }
    children?: number[]
  }[]
  startTime: number
  endTime: number
  samples: number[]
  timeDeltas: number[]
  /** Where the recorder's own code lies; not a part of V8's format. */
  recorder?: string
}

/** Whose code it is: the program's own, a package's, Node's and V8's. */
export type Origin = 'own' | 'package' | 'node' | 'gc'

export interface Fn {
  readonly name: string
  /** `repo.ts:88`, '' for what has no place. */
  readonly place: string
  /** The whole of it: file, line and column. */
  readonly where: string
  readonly origin: Origin
  /** On top of the stack. */
  self: number
  /** Anywhere on the stack, once where it calls itself. */
  total: number
}

/** One stretch of time in which a function stood at that depth of the stack. */
export interface Stretch {
  readonly fn: Fn
  readonly depth: number
  readonly from: number
  to: number
}

export interface Flame {
  readonly duration: number
  /** Time in which anything ran. */
  readonly busy: number
  readonly depth: number
  /** By depth, each in order of time. */
  readonly rows: readonly Stretch[][]
  /** Most time of its own first. */
  readonly functions: readonly Fn[]
}

/**
 * What ran when, from samples of the stack: neighbours that are the same are one stretch. Without `outer`, what stands above the program's own
 * code is left out: a request comes in through twenty functions of Node and the framework, always the same.
 */
export function readProfile(profile: CpuProfile, outer: boolean): Flame {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const))
  )
  const found = new Map<string, Fn>()
  const stacks = new Map<number, readonly Fn[]>()
  const duration = Math.max(1, profile.endTime - profile.startTime)
  const rows: Stretch[][] = []
  let open: Stretch[] = []
  let busy = 0
  let time = 0
  profile.samples.forEach((id, i) => {
    time += profile.timeDeltas[i] ?? 0
    const next = i + 1 < profile.samples.length ? time + (profile.timeDeltas[i + 1] ?? 0) : duration
    const stack = stackOf(id)
    const length = Math.max(0, Math.min(next, duration) - time)
    let shared = 0
    while (shared < stack.length && open[shared]?.fn === stack[shared]) shared++
    open = open.slice(0, shared)
    for (const stretch of open) stretch.to += length
    for (const [above, fn] of stack.slice(shared).entries()) {
      const stretch = { fn, depth: shared + above, from: time, to: time + length }
      open.push(stretch)
      ;(rows[stretch.depth] ??= []).push(stretch)
    }
    if (stack.length === 0) return
    busy += length
    ;(stack.at(-1) as Fn).self += length
    for (const fn of new Set(stack)) fn.total += length
  })
  const functions = [...found.values()]
    .filter(({ total }) => total > 0)
    .sort((a, b) => b.self - a.self || b.total - a.total)
  return { duration, busy, depth: rows.length, rows, functions }

  function stackOf(id: number): readonly Fn[] {
    const known = stacks.get(id)
    if (known !== undefined) return known
    const stack: Fn[] = []
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const fn = fnOf(at)
      if (fn !== undefined) stack.unshift(fn)
    }
    const own = outer ? -1 : stack.findIndex(({ origin }) => origin === 'own')
    if (own > 0) stack.splice(0, own)
    stacks.set(id, stack)
    return stack
  }

  function fnOf(id: number): Fn | undefined {
    const frame = nodes.get(id)?.callFrame
    if (frame === undefined || silent.has(frame.functionName)) return undefined
    const { functionName: name, url, lineNumber, columnNumber } = frame
    const file = url.replace(/^file:\/\//, '')
    const where = file === '' ? '' : `${file}:${lineNumber + 1}:${columnNumber + 1}`
    const key = `${name} ${where}`
    let fn = found.get(key)
    if (fn === undefined) {
      const place = file === '' ? '' : `${file.slice(file.lastIndexOf('/') + 1)}:${lineNumber + 1}`
      const named = name === '' ? '(anonymous)' : name
      fn = {
        name: named,
        place,
        where,
        origin: originOf(name, url, profile.recorder),
        self: 0,
        total: 0
      }
      found.set(key, fn)
    }
    return fn
  }
}

// Nothing of JavaScript ran; the root is on every stack.
const silent: ReadonlySet<string> = new Set(['(root)', '(idle)', '(program)'])

function originOf(name: string, url: string, recorder: string | undefined): Origin {
  if (name === '(garbage collector)') return 'gc'
  if (url === '' || url.startsWith('node:')) return 'node'
  const ofRecorder = recorder !== undefined && url.startsWith(recorder)
  return ofRecorder || url.includes('/node_modules/') ? 'package' : 'own'
}

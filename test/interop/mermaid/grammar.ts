/** What of Mermaid's language a diagram of ours may hold, and nothing else; its own parser was asked whether it takes this. */

const text = String.raw`(?:[\p{L}\p{M}\p{N} _./,:()'*=?@+!-]|#\d{1,7};)+`
const lines = {
  participant: new RegExp(`^participant (p\\d+) as (${text})$`, 'u'),
  arrow: new RegExp(`^(p\\d+)(->>|-x|-\\)|-->>|--x)(p\\d+): (${text})$`, 'u'),
  note: new RegExp(`^Note over (p\\d+): (${text})$`, 'u'),
  activate: /^activate (p\d+)$/,
  deactivate: /^deactivate (p\d+)$/,
  loop: /^loop (\d+)x \([\d.]+ m?s\)$/,
  end: /^end$/
}

export interface Line {
  readonly kind: keyof typeof lines
  readonly depth: number
  /** What stands between the fixed parts, labels decoded. */
  readonly parts: readonly string[]
}

/** Reads a diagram; throws at what is not of the grammar, at sides that nobody named, and at what ends without having begun. */
export function parseDiagram(diagram: string): Line[] {
  const [first, ...rest] = diagram.split('\n')
  if (first !== 'sequenceDiagram' || rest.pop() !== '') throw new Error('no diagram')
  const found = rest.map(parseLine)
  const known = new Set(
    found.filter(({ kind }) => kind === 'participant').map(({ parts }) => parts[0])
  )
  const open: string[] = []
  for (const { kind, parts } of found) {
    const sides = parts.filter((part) => /^p\d+$/.test(part))
    if (kind !== 'loop' && kind !== 'end' && !known.has(sides[0]))
      throw new Error(`who is ${sides[0]}`)
    if (kind === 'arrow' && !known.has(parts[2])) throw new Error(`who is ${parts[2]}`)
    if (kind === 'loop') open.push('loop')
    if (kind === 'activate') open.push(parts[0])
    if (kind === 'end' && open.pop() !== 'loop') throw new Error('an end of nothing')
    if (kind === 'deactivate' && open.pop() !== parts[0]) throw new Error('not the last')
  }
  if (open.length > 0) throw new Error('something never ends')
  return found
}

function parseLine(line: string): Line {
  const bare = line.trimStart()
  for (const [kind, pattern] of Object.entries(lines)) {
    const match = pattern.exec(bare)
    if (match === null) continue
    const parts = match.slice(1).map(decode)
    return { kind: kind as Line['kind'], depth: (line.length - bare.length) / 2, parts }
  }
  throw new Error(`not of the grammar: ${line}`)
}

function decode(label: string): string {
  return label.replace(/#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code)))
}

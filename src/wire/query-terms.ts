/** One alternative of a term's value: `500` and `5xx` of `status:500,5xx`. */
export interface Alternative {
  /** Without quotes. */
  readonly text: string
  /** What stands between its wildcards; one item when it has none. A star in quotes is a star. */
  readonly literals: readonly string[]
  readonly quoted: boolean
}

/** A term as it was typed, not yet understood. */
export interface RawTerm {
  readonly text: string
  readonly negated: boolean
  /** '' for free text. */
  readonly key: string
  /** '' when there is only a key, or free text. */
  readonly operator: '' | Operator
  /** The value as typed. */
  readonly value: string
  readonly alternatives: readonly Alternative[]
}

export type Operator = ':' | '=' | '!=' | '>' | '>=' | '<' | '<='

const operator = /^(?::?(!=|>=|<=|=|>|<)|:)/
const plainKey = /^[a-z][\w.-]*(?=[:=<>!])/i
const attributeKey = /^@[^\s":=<>!,]+/

/** Cuts a query into terms at white space outside of quotes. A quote that nobody closes reaches to the end: a query is read while it is typed. */
export function splitTerms(query: string): RawTerm[] {
  const terms: RawTerm[] = []
  let at = 0
  while (at < query.length) {
    if (isSpace(query[at])) {
      at++
      continue
    }
    const end = endOfTerm(query, at)
    terms.push(readTerm(query.slice(at, end)))
    at = end
  }
  return terms
}

function endOfTerm(query: string, from: number): number {
  let quoted = false
  for (let at = from; at < query.length; at++) {
    if (quoted && query[at] === '\\') at++
    else if (query[at] === '"') quoted = !quoted
    else if (!quoted && isSpace(query[at])) return at
  }
  return query.length
}

function readTerm(text: string): RawTerm {
  const negated = text.startsWith('-') && text.length > 1
  const body = negated ? text.slice(1) : text
  const key = (attributeKey.exec(body) ?? plainKey.exec(body))?.[0] ?? ''
  const sign = key === '' ? null : operator.exec(body.slice(key.length))
  const value = sign === null ? '' : body.slice(key.length + sign[0].length)
  // A pasted address is text; an attribute without an operator asks whether it is there.
  if (key === '' || value.startsWith('//') || (sign === null && !key.startsWith('@'))) {
    const alternatives = readAlternatives(body, false)
    return { text, negated, key: '', operator: '', value: body, alternatives }
  }
  return {
    text,
    negated,
    key,
    operator: sign === null ? '' : ((sign[1] ?? ':') as Operator),
    value,
    alternatives: readAlternatives(value, true)
  }
}

function readAlternatives(value: string, atCommas: boolean): Alternative[] {
  const found: Alternative[] = []
  let literals = ['']
  let quoted = false
  let everQuoted = false
  const append = (c: string): void => {
    literals[literals.length - 1] += c
  }
  const finish = (): void => {
    const text = literals.join('*')
    if (text !== '') found.push({ text, literals, quoted: everQuoted })
    literals = ['']
    everQuoted = false
  }
  for (let at = 0; at < value.length; at++) {
    const c = value[at] as string
    if (quoted && c === '\\' && at + 1 < value.length) append(value[++at] as string)
    else if (c === '"') {
      quoted = !quoted
      everQuoted = true
    } else if (!quoted && c === ',' && atCommas) finish()
    else if (!quoted && c === '*') literals.push('')
    else append(c)
  }
  finish()
  return found
}

function isSpace(c: string | undefined): boolean {
  return c === ' ' || c === '\t' || c === '\n' || c === '\r'
}

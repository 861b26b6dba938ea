const longest = 80

/**
 * Text of any origin as a label. What means something to Mermaid (a semicolon ends a line, `%%` is a comment, `$$` a formula) or to a browser
 * is written as its code; what is no visible character is a space, so a name stays in its line.
 */
export function label(text: string): string {
  let coded = ''
  let count = 0
  for (const one of text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim()) {
    coded += isPlain.test(one) ? one : `#${one.codePointAt(0)};`
    if (++count < longest) continue
    coded += '...'
    break
  }
  // A word that asks for line breaks where it stands first.
  return coded.replace(/^((?:no)?wrap):/i, '$1#58;') || '#32;'
}

const isPlain = /^[\p{L}\p{M}\p{N} _./,:()'*=?@+!-]$/u

export function durationText(nanos: number): string {
  const ms = nanos / 1e6
  if (ms < 1) return `${Number(ms.toPrecision(2))} ms`
  return ms < 1000 ? `${Number(ms.toPrecision(3))} ms` : `${Number((ms / 1000).toPrecision(3))} s`
}

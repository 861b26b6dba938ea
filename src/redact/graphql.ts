import { clip, detach } from '../base/limits.ts'

/**
 * What a GraphQL document is made of (specification, section 2.1): names first, so that digits in them are not taken for numbers. A text that is not
 * closed takes the rest with it.
 */
const token =
  /[_A-Za-z]\w*|"""(?:\\"""|[^])*?(?:"""|$)|"(?:\\[^]?|[^"\\\n\r])*(?:"|[^]*)|-?\d[\w.+-]*|#[^\n\r]*|[\s,\ufeff]+|[^]/g

/** Characters that are read for each that is kept: texts and comments take room and leave little. */
const readFactor = 4

/** A GraphQL document without its values, as it may be stored. */
export function cleanGraphql(text: string, length: number): string {
  const clean = text.slice(0, length * readFactor).replace(token, (piece) => {
    const first = piece.charCodeAt(0)
    if (first === 0x22 || first === 0x2d || (first >= 0x30 && first <= 0x39)) return '?'
    if (first === 0x23) return ' '
    return /^[\s,\ufeff]/.test(piece) ? ' ' : piece
  })
  return detach(clip(clean.replace(/ {2,}/g, ' ').trim(), length))
}

/** A message of graphql-js, without the value that it quotes at its end. */
export function cleanGraphqlMessage(text: string): string {
  return text.replace(/(?<=\b(?:found:?|value:|invalid value|from value) ).*$/s, '?')
}

/**
 * Text without the optional white space (OWS: space and tab, RFC 9110 section 5.6.3) at its ends. `trim()` would also remove what
 * the header grammars forbid, such as a no-break space, and so let an illegal value pass.
 */
export function trimOws(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isOws(text.charCodeAt(start))) start++
  while (end > start && isOws(text.charCodeAt(end - 1))) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09
}

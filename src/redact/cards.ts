/** Digits, at least 13 of them, with single spaces or dashes between. */
const digitRuns = /\d(?:[ -]?\d){12,}/g

/** Hides payment card numbers: 13 to 19 digits whose checksum is right, in one piece or in groups as printed on the card. */
export function hideCards(text: string, mask: string): string {
  return text.replace(digitRuns, (run: string, at: number) => {
    const end = at + run.length
    // The digits of an identifier, a hex id or a fraction are no card's.
    const start = at === 0 || !/[\w.]/.test(text[at - 1] as string)
    const stop = end === text.length || !/\w/.test(text[end] as string)
    return hideGroups(run, start, stop, mask)
  })
}

/** Whether a number, sent as a number, is a card's. */
export function isCardNumber(value: number): boolean {
  return value >= 1e12 && Number.isSafeInteger(value) && isCard(String(value))
}

function hideGroups(run: string, start: boolean, stop: boolean, mask: string): string {
  const groups = run.split(/[ -]/)
  let clean = ''
  let position = 0
  for (let i = 0; i < groups.length; i++) {
    const first = i === 0 ? start : true
    const count = first ? cardGroups(groups, i, stop) : 0
    let length = count - 1
    for (let j = i; j < i + count; j++) length += (groups[j] as string).length
    const text = run.slice(position, position + (count > 0 ? length : (groups[i] as string).length))
    clean += count > 0 ? mask : text
    position += text.length
    if (position < run.length) clean += run[position++] as string
    if (count > 1) i += count - 1
  }
  return clean
}

/** How many groups from `i` on make a card number: 0 for none. */
function cardGroups(groups: readonly string[], i: number, stop: boolean): number {
  let digits = ''
  for (let j = i; j < groups.length && j < i + 6; j++) {
    const group = groups[j] as string
    if (j > i && (groups[i]?.length !== 4 || group.length < 3 || group.length > 7)) break
    digits += group
    if (digits.length > 19) break
    if (j === groups.length - 1 && !stop) break
    if (digits.length >= 13 && isCard(digits)) return j - i + 1
  }
  return 0
}

// 13, 16 and 19 digits that begin with 1 are milliseconds, microseconds and nanoseconds since 1970 of our days; no card begins so.
function isCard(digits: string): boolean {
  const length = digits.length
  if (length < 13 || length > 19) return false
  if (digits[0] === '1' && length % 3 === 1) return false
  let sum = 0
  for (let i = 0; i < length; i++) {
    const digit = digits.charCodeAt(length - 1 - i) - 48
    if (i % 2 === 0) sum += digit
    else sum += digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}

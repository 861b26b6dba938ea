/**
 * One line of the results. `amount` is a number or a spread of several measurements; `target` is `{ atMost }` or `{ atLeast }`, in the
 * figure's unit; `note` says what it was compared with or how it was measured.
 */
export function figure(name, unit, amount, target, note = '') {
  const spread = typeof amount === 'number' ? { value: amount } : amount
  return {
    name,
    unit,
    ...spread,
    ...(target && { target, met: meets(spread.value, target) }),
    note
  }
}

/** Whether a value reaches its target; what could not be measured does not. */
export function meets(value, { atMost, atLeast }) {
  if (atMost !== undefined) return value <= atMost
  return value >= atLeast
}

/** The figures as a table for people. */
export function table(figures) {
  const rows = figures.map(({ name, unit, value, low, high, target, met, note }) => [
    name,
    `${number(value)} ${unit}`,
    low === undefined ? '' : `${number(low)} to ${number(high)}`,
    target === undefined
      ? ''
      : target.atMost === undefined
        ? `>= ${number(target.atLeast)}`
        : `<= ${number(target.atMost)}`,
    met === undefined ? '' : met ? 'met' : 'MISSED',
    note
  ])
  const all = [['', 'median', 'spread', 'target', '', ''], ...rows]
  const widths = all[0].map((_, i) => Math.max(...all.map((row) => row[i].length)))
  return all.map((row) => line(row, widths)).join('\n')
}

function line(row, widths) {
  return row
    .map((cell, i) => (i === 1 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
    .join('  ')
    .trimEnd()
}

/** Three digits that say something, and never an exponent. */
export function number(value) {
  if (!Number.isFinite(value)) return '-'
  const size = Math.abs(value)
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en-GB')
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3)
}

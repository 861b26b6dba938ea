import { describe, expect, it } from 'vitest'
import { serviceColours } from '../../../ui/trace/colours.ts'
import { columnsOf } from './fixture.ts'

/** A span of each service; the response waits for each as long as `durations` has it. */
function coloursOf(durations: Record<string, number>, onPath = true): Record<string, number> {
  const rows = Object.entries(durations).map(([service, duration], i) => ({
    service,
    depth: i === 0 ? 0 : 1,
    start: i * 1000,
    duration
  }))
  const critical = rows.map(({ start, duration }, i): [number, number, number] => [
    i,
    start,
    start + duration
  ])
  const columns = columnsOf(rows, onPath ? critical : [])
  const colours = serviceColours(columns)
  return Object.fromEntries(columns.services.map((name, i) => [name, colours[i] ?? -1]))
}

describe('colours of services', () => {
  it('follow their names, whoever comes first and takes long', () => {
    expect(coloursOf({ web: 9, auth: 1, stock: 5 })).toEqual({ auth: 0, stock: 1, web: 2 })
    expect(coloursOf({ stock: 1, web: 2, auth: 3 })).toEqual({ auth: 0, stock: 1, web: 2 })
  })

  const eleven = Object.fromEntries(
    Array.from('abcdefghijk', (name, i) => [name, name === 'k' ? 900 : 100 - i])
  )

  it('go to those that the response waited for, where there are more than colours', () => {
    const colours = coloursOf(eleven)
    expect(colours['k']).toBe(6)
    expect(
      Object.entries(colours)
        .filter(([, colour]) => colour < 7)
        .map(([name]) => name)
    ).toEqual('abcdefk'.split(''))
    expect([colours['g'], colours['h'], colours['j']]).toEqual([7, 7, 7])
    expect(new Set(Object.values(colours)).size).toBe(8)
  })

  it('go by time of their own in a trace without a path', () => {
    expect(coloursOf(eleven, false)['k']).toBe(6)
  })
})

import { figure } from '../figures.js'
import { spreadOf } from '../statistics.js'
import { elements, openTrace, settled, smoothness, startOf, visit } from './browser.js'
import { atSpeed, budgets, elementBudgets } from './budgets.js'
import { grow } from './feed.js'

const coldStarts = 5

/** Cold start, opening of each trace, and scrolling through the first of them, `rounds` times. */
export async function openings({ browser, server, port, traces, speed, rounds }) {
  const seen = { paint: [], interactive: [], scroll: [], elements: [] }
  const opened = traces.map(() => ({ ms: [], blocked: [] }))
  for (let round = 0; round < rounds; round++) {
    const visitor = await visit(browser, `http://127.0.0.1:${port}/_traces/`, speed)
    const { paint, interactive } = await startOf(visitor)
    seen.paint.push(paint)
    seen.interactive.push(interactive)
    await settled(visitor)
    // In turns, because the second one to be opened meets code that the first has warmed.
    const order = round % 2 === 0 ? [...traces.keys()] : [...traces.keys()].reverse()
    for (const i of order) {
      const one = await open({ visitor, server, port, trace: traces[i] })
      opened[i].ms.push(one.ms)
      opened[i].blocked.push(one.blocked)
      if (i === 0)
        seen.scroll.push(await smoothness(visitor, 1000, { scroll: '[role=treegrid] .scroller' }))
      if (i === traces.length - 1) seen.elements.push(await elements(visitor))
      await visitor.page.goBack()
      await visitor.page.waitForSelector('.traces-grid .item')
    }
    await visitor.close()
  }
  while (seen.paint.length < coldStarts) {
    const visitor = await visit(browser, `http://127.0.0.1:${port}/_traces/`, speed)
    const { paint, interactive } = await startOf(visitor)
    seen.paint.push(paint)
    seen.interactive.push(interactive)
    await visitor.close()
  }
  return { speed, ...seen, opened }
}

async function open({ visitor, server, port, trace }) {
  // One more span: the host would otherwise have it decoded from the last time.
  trace.spans += await grow(port, trace.id)
  await server.ask({ ask: 'watch' })
  const { ms, rows } = await openTrace(visitor, `/_traces/t/${trace.id}`)
  if (!(rows > 1 && rows <= trace.spans + 1))
    throw new Error(`the tree of ${trace.spans} spans has ${rows} rows`)
  return { ms, blocked: (await server.ask({ ask: 'blocked' })).ms }
}

export function openingFigures({ speed, paint, interactive, scroll, opened, ...rest }, sizes) {
  const budget = budgets[speed]
  const of = (key) => spreadOf(scroll.map((one) => one[key]))
  const opening = sizes.map((size, i) => {
    const target = budget.open[size] && { atMost: budget.open[size] }
    return figure(
      atSpeed(`open a trace of ${size.toLocaleString('en-GB')} spans in the page`, speed),
      'ms',
      spreadOf(opened[i].ms),
      target
    )
  })
  const blocked = sizes.map((size, i) =>
    figure(
      `longest block of the host meanwhile, ${size.toLocaleString('en-GB')} spans`,
      'ms',
      spreadOf(opened[i].blocked),
      { atMost: 10 }
    )
  )
  const held = figure('elements, a trace', '', Math.max(...rest.elements), {
    atMost: elementBudgets.trace
  })
  return [
    figure(atSpeed('first paint', speed), 'ms', spreadOf(paint), { atMost: budget.paint }, 'cold'),
    figure(atSpeed('interactive', speed), 'ms', spreadOf(interactive), {
      atMost: budget.interactive
    }),
    ...opening,
    ...(speed === 1 ? [...blocked, held] : []),
    figure(atSpeed('scroll a waterfall', speed), 'fps', of('fps'), { atLeast: budget.scroll.fps }),
    figure(atSpeed('scroll a waterfall, longest frame', speed), 'ms', of('longest'), {
      atMost: budget.scroll.frame
    })
  ]
}

import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { hasBrowser, violations } from './browser.ts'
import { useRealPages } from './real-pages.ts'

/** As many spans of as many traces, each with a line of its own. */
function otlpLines(first: number, count: number, changes: (n: number) => object = () => ({})) {
  return Array.from({ length: count }, (_, i) => {
    const n = first + i
    const span = {
      traceId: n.toString(16).padStart(32, '0'),
      spanId: n.toString(16).padStart(16, '0'),
      name: `imported ${n}`,
      kind: 2,
      startTimeUnixNano: '1500000000000000000',
      endTimeUnixNano: '1500000000001000000',
      ...changes(n)
    }
    return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
  })
}

const file = (name: string, text: string) => ({
  name,
  mimeType: 'application/json',
  buffer: Buffer.from(text)
})

describe.skipIf(!hasBrowser)('files of traces, on the page', () => {
  const real = useRealPages()

  const menuButton = (page: Page) => page.getByRole('button', { name: 'Export' })

  async function choose(page: Page, files: ReturnType<typeof file>[]): Promise<void> {
    await menuButton(page).click()
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      page.getByRole('menuitem', { name: /Import/ }).click()
    ])
    await chooser.setFiles(files)
  }

  it('are exported from a menu that the keyboard walks through and Escape closes', async () => {
    const { traceId } = await real.app.visit('/ok/1')
    const page = await real.openTrace(traceId)
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '')
    await menuButton(page).focus()
    await page.keyboard.press('Enter')
    await page.waitForSelector('[role=menu]')
    await page.waitForFunction(() => document.activeElement?.textContent?.includes('Page'))
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('ArrowUp')
    await expect.poll(() => focused()).toContain('Mermaid')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => focused()).toContain('OTLP')
    await page.keyboard.press('Escape')
    await expect.poll(() => page.locator('[role=menu]').count()).toBe(0)
    await expect.poll(() => focused()).toContain('Export')
    await menuButton(page).click()
    await page.click('.trace-head h1')
    await expect.poll(() => page.locator('[role=menu]').count()).toBe(0)
  })

  it('are what the formats are, for the trace or for all that match', async () => {
    const { traceId } = await real.app.visit('/fails')
    await real.app.visit('/ok/2')
    const page = await real.openTrace(traceId)
    const save = async (title: RegExp) => {
      await menuButton(page).click()
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('menuitem', { name: title }).click()
      ])
      return [download.suggestedFilename(), await readFile(await download.path(), 'utf8')] as const
    }
    for (const [title, extension, begin] of [
      [/^Page/, 'html', '<!doctype html>'],
      [/^OTLP/, 'otlp.json', '{"resourceSpans":['],
      [/^Jaeger/, 'jaeger.json', '{"data":['],
      [/^Zipkin/, 'zipkin.json', '[{'],
      [/^Chrome/, 'chrome.json', '{']
    ] as const) {
      const [name, text] = await save(title)
      expect(name).toMatch(new RegExp(`^trace-[0-9a-f]{8}\\.${extension}$`))
      expect(text.startsWith(begin)).toBe(true)
      expect(text).toContain('load cart')
    }
    await page.goto(`${real.app.page}?q=is%3Aerror`)
    await page.waitForSelector('.item')
    const [name, text] = await save(/^OTLP/)
    expect(name).toBe('traces.otlp.json')
    expect(text).toContain('load cart')
    expect(text).not.toContain('/ok/:id')
  })

  it('are copied as a diagram', async () => {
    const { traceId } = await real.app.visit('/loop')
    const page = await real.openTrace(traceId, '', {
      permissions: ['clipboard-read', 'clipboard-write']
    })
    await menuButton(page).click()
    await page.getByRole('menuitem', { name: /Mermaid/ }).click()
    await page.waitForSelector('[role=status]:has-text("Copied")', { state: 'attached' })
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toContain('sequenceDiagram')
  })

  it('are imported from a chooser: what of them is broken is named by line, the rest is shown', async () => {
    const page = await real.openList()
    const lines = otlpLines(1000, 20)
    lines[16] = (lines[16] as string).slice(0, 50)
    await choose(page, [file('many.jsonl', lines.join('\n')), file('notes.txt', 'nothing of this')])
    await page.waitForSelector('.import .primary')
    const said = await page.innerText('.import')
    expect(said).toContain('19 traces with 19 spans')
    expect(said).toMatch(/line 17, column \d+ what begins here never ends/)
    expect(said).toContain('No span could be read')
    expect(said).toContain('this is not OTLP')
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Show the 19 traces' }).click()
    await page.waitForFunction(() => document.querySelectorAll('.item').length === 19)
    await expect.poll(() => page.innerText('.facts-line')).toContain('19 of')
  })

  it('opens the trace at once when there is one and nothing is wrong', async () => {
    const page = await real.openList()
    await choose(page, [file('one.json', otlpLines(2000, 1)[0] as string)])
    await page.waitForSelector('.trace .grid .row')
    expect(await page.innerText('.trace-head h1')).toBe('imported 2000')
    expect(await page.innerText('.facts-line')).toContain('2017-07-14')
  })

  it('are taken where they are dropped, and JSON where it is pasted', async () => {
    const page = await real.openList()
    const send = (type: string, text: string) =>
      page.evaluate(
        ([name, content]) => {
          const transfer = new DataTransfer()
          if (name === 'paste') transfer.setData('text/plain', content as string)
          else transfer.items.add(new File([content as string], 'dropped.json'))
          const init = { bubbles: true, cancelable: true }
          const event =
            name === 'paste'
              ? new ClipboardEvent('paste', { ...init, clipboardData: transfer })
              : new DragEvent(name as string, { ...init, dataTransfer: transfer })
          document.body.dispatchEvent(event)
          return event.defaultPrevented
        },
        [type, text]
      )
    const [dropped, pasted] = otlpLines(3000, 2)
    expect(await send('dragover', '')).toBe(true)
    await page.waitForSelector('.drop')
    expect(await send('drop', dropped as string)).toBe(true)
    await page.waitForSelector('.trace .grid .row')
    expect(await page.innerText('.trace-head h1')).toBe('imported 3000')
    expect(await page.locator('.drop').count()).toBe(0)
    await send('paste', pasted as string)
    await page.waitForSelector('.trace-head h1:has-text("imported 3001")')
  })

  it('say what of them was here already, and change no figure', async () => {
    const summary = await real.app.visit('/loop')
    const page = await real.openList()
    const answer = await fetch(`${real.app.page}api/traces/${summary.traceId}?format=otlp`)
    await choose(page, [file('again.json', `${await answer.text()}\nbroken`)])
    await page.waitForSelector('.import .primary')
    expect(await page.innerText('.import')).toContain('13 spans, 13 of them here already')
    const after = (await real.app.traces('route:/loop')).find(
      ({ traceId }) => traceId === summary.traceId
    )
    expect(after).toEqual(summary)
  })

  it('hold hostile text that stays text', async () => {
    const page = await real.openList()
    const hostile = '<img src=x data-xss onerror=alert(1)>'
    const lines = otlpLines(4000, 2, () => ({ name: hostile }))
    await choose(page, [file(`${hostile}.json`, `${lines.join('\n')}\n${hostile}`)])
    await page.waitForSelector('.import .primary')
    expect(await page.innerText('.import')).toContain(hostile)
    expect(await page.locator('[data-xss]').count()).toBe(0)
  })
})

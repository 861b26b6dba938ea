import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { lint, lintSource } from '../../ui/lint-html.mjs'

const texts = (template: string): string[] =>
  lintSource(`const x = html\`${template}\``).map(({ text }) => text)

describe('the template linter', () => {
  test.each([
    ['<div><span>one</div>', '</div> closes <span>'],
    ['<div>', '<div> is not closed'],
    ['</div>', '</div> closes nothing'],
    ['<div>a<br>b</div>', '<br> must close itself: <br />'],
    ['<b>x</i>', '</i> closes <b>'],
    ['<p>a&nbsp;b</p>', '&nbsp; would be shown as it is typed'],
    ['<button onclik=${f}>x</button>', 'there is no attribute onclik'],
    ['<button onClik=${f}>x</button>', 'there is no attribute onClik'],
    ['<button onClick="f()">x</button>', 'onClick must be a function'],
    ['<p aira-label="x">x</p>', 'there is no attribute aira-label'],
    ['<p aria-lable="x">x</p>', 'there is no attribute aria-lable'],
    ['<p class="a" class="b">x</p>', 'class stands twice'],
    ['<spam>x</spam>', 'there is no element <spam>'],
    ['<div ...${data}>x</div>', 'a spread on <div> lets data become attributes'],
    [
      '<div style=${{ height: 24 }}>x</div>',
      'style takes a string: preact drops numbers in objects'
    ],
    [
      '<a href=${span.url}>x</a>',
      'href must come from a function that ends in Href or Url, not from span.url'
    ],
    ['<${tag}>x</${tag}>', "a tag's name is computed: tag"],
    ['<${Row} label="x" />', 'give components their properties typed: ...${{ label }}'],
    ['', 'the template is empty']
  ])('refuses %s', (template, text) => {
    expect(texts(template)).toContain(text)
  })

  test.each([
    '<div class=${`a ${b}`}>${list.map((x) => html`<li key=${x}>${x}</li>`)}</div>',
    '<a href=${traceHref(id)}>${a > b ? html`<b>x</b>` : null}</a>',
    '<${Row} ...${{ id: 1, on: { a: 1 } }} key=${id} />',
    '<input type="text" value=${x} onInput=${(event) => f(event, `<div>`)} />',
    '<svg viewBox="0 0 1 1"><path d="M0 0" /></svg>',
    'plain ${text}'
  ])('accepts %s', (template) => {
    expect(texts(template)).toEqual([])
  })

  test('finds the line, past strings, comments and regular expressions', () => {
    const source = "const a = '`' // `html`\nconst b = /[`/]/\nconst c = html`<p>\n<b>x</p>`"
    expect(lintSource(source)).toEqual([
      { line: 4, text: '</p> closes <b>' },
      { line: 3, text: '<p> is not closed' }
    ])
  })

  test('refuses HTML made of text, but not the mention of it', () => {
    expect(lintSource('x.innerHTML = y // why')).toHaveLength(1)
    expect(lintSource('// no innerHTML here')).toEqual([])
  })

  test('finds nothing in the page', async () => {
    expect(await lint(fileURLToPath(new URL('../../ui/', import.meta.url)))).toEqual([])
  })
})

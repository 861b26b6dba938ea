import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { editorHref, editorNames } from '../../ui/editor.ts'

describe('a link to an editor', () => {
  it.each([
    ['vscode', 'vscode://file/app/src/a%20b.ts:88:5'],
    ['cursor', 'cursor://file/app/src/a%20b.ts:88:5'],
    ['windsurf', 'windsurf://file/app/src/a%20b.ts:88:5'],
    ['vscodium', 'vscodium://file/app/src/a%20b.ts:88:5'],
    ['zed', 'zed://file/app/src/a%20b.ts:88:5'],
    ['idea', 'idea://open?file=%2Fapp%2Fsrc%2Fa%20b.ts&line=88&column=5'],
    ['webstorm', 'webstorm://open?file=%2Fapp%2Fsrc%2Fa%20b.ts&line=88&column=5'],
    ['sublime', 'subl://open?url=file%3A%2F%2F%2Fapp%2Fsrc%2Fa%2520b.ts&line=88&column=5'],
    ['none', '']
  ] as const)('opens the file at the line in %s', (name, href) => {
    expect(editorHref(name, '/app/src/a b.ts', 88, 5)).toBe(href)
  })

  it('takes the paths of Windows', () => {
    expect(editorHref('vscode', 'C:\\app\\a.ts', 1, 1)).toBe('vscode://file/C:/app/a.ts:1:1')
    expect(editorHref('idea', 'C:\\app\\a.ts', 1, 1)).toBe(
      'idea://open?file=C%3A%2Fapp%2Fa.ts&line=1&column=1'
    )
  })

  it.each([
    ['', 1, 1],
    ['a.ts', 1, 1],
    ['javascript:alert(1)', 1, 1],
    ['\\\\host\\share\\a.ts', 1, 1],
    ['//host/share/a.ts', 1, 1],
    ['/half a pair \ud800.ts', 1, 1],
    ['/a.ts', 0, 1],
    ['/a.ts', 1.5, 1],
    ['/a.ts', 1, Number.NaN]
  ])('is none for %s:%s:%s', (path, line, column) => {
    for (const name of editorNames) expect(editorHref(name, path, line, column)).toBe('')
  })

  it('has a scheme of ours and one file, whatever the path is', () => {
    const path = fc.oneof(
      fc.string(),
      fc.string().map((text) => `/${text}`)
    )
    fc.assert(
      fc.property(fc.constantFrom(...editorNames), path, fc.integer(), (name, text, line) => {
        const href = editorHref(name, text, line, 1)
        if (href === '') return
        expect(href).toMatch(
          /^(?:(?:vscode|cursor|windsurf|vscodium|zed):\/\/file\/[\w.!~*'()%/:-]+|(?:idea|webstorm|subl):\/\/open\?(?:file|url)=[\w.!~*'()%-]+&line=\d+&column=1)$/
        )
      })
    )
  })
})

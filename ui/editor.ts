/** Editors that can be asked, by a link, to open a file at a line. */
export const editorNames = [
  'vscode',
  'cursor',
  'windsurf',
  'vscodium',
  'idea',
  'webstorm',
  'zed',
  'sublime',
  'none'
] as const

export type EditorName = (typeof editorNames)[number]

export const editorTitles: Readonly<Record<EditorName, string>> = {
  vscode: 'VS Code',
  cursor: 'Cursor',
  windsurf: 'Windsurf',
  vscodium: 'VSCodium',
  idea: 'IntelliJ IDEA',
  webstorm: 'WebStorm',
  zed: 'Zed',
  sublime: 'Sublime Text',
  none: 'No editor'
}

/**
 * The address that opens a place in an editor; '' for a path that is not absolute, or is on another machine (`\\host\share`). The scheme is
 * always one of ours, whatever the path says.
 */
export function editorHref(name: EditorName, path: string, line: number, column: number): string {
  const slashes = path.replaceAll('\\', '/')
  const drive = /^[a-z]:(?=\/)/i.exec(slashes)?.[0] ?? ''
  const rest = slashes.slice(drive.length)
  if (!rest.startsWith('/') || rest.startsWith('//') || /\p{Surrogate}/u.test(rest)) return ''
  if (!isCount(line) || !isCount(column)) return ''
  const encoded = rest.split('/').map(encodeURIComponent).join('/')
  const file = drive === '' ? encoded : `/${drive}${encoded}`
  switch (name) {
    case 'vscode':
    case 'cursor':
    case 'windsurf':
    case 'vscodium':
    case 'zed':
      return `${name}://file${file}:${line}:${column}`
    case 'idea':
    case 'webstorm':
      return `${name}://open?file=${encodeURIComponent(drive + rest)}&line=${line}&column=${column}`
    case 'sublime':
      return `subl://open?url=${encodeURIComponent(`file://${file}`)}&line=${line}&column=${column}`
    case 'none':
      return ''
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0
}

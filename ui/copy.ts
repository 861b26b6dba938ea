/**
 * Puts text on the clipboard. `navigator.clipboard` needs a secure context and a permission; a page on
 * `http://staging:3000` has neither, so the old way stays as the fallback. Resolves to whether it worked.
 */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}

function copyBySelection(text: string): boolean {
  const focused = document.activeElement
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'sr-only'
  area.setAttribute('aria-hidden', 'true')
  // Inside an open modal dialog everything outside is inert and cannot be selected.
  const home = document.querySelector('dialog[open]') ?? document.body
  home.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true })
  return done
}

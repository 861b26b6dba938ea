import { h, type VNode } from 'preact'
import { Import } from '../files/import-lazy.ts'
import { html, part } from '../html.ts'
import { useKeys } from '../keys.ts'
import type { Feed } from '../list/feed.ts'
import { ListPage } from '../list/page.ts'
import { listHref } from '../route.ts'
import { announcement, dialog, place, route, saved } from '../state.ts'
import { StatusPage } from '../status/page.ts'
import { Banner } from './banner.ts'
import { Footer } from './footer.ts'
import { Header } from './header.ts'
import { everywhere, HelpDialog } from './help.ts'
import { LazyMap, LazyTrace } from './lazy.ts'
import { SettingsDialog } from './settings.ts'

/** What is on every screen: header, banner, the screen itself, status strip, dialogs. */
export function Shell({ feed }: { feed: Feed }): VNode {
  useKeys(everywhere, [
    { keys: ['?'], does: 'show this list', run: () => void (dialog.value = 'keys') },
    { keys: [','], does: 'settings', run: () => void (dialog.value = 'settings') },
    { keys: ['Esc'], does: 'close a dialog' }
  ])
  return html`<div class="shell">
    <a class="skip" href=${mainHref()} onClick=${skip}>Skip to content</a>
    ${h(Header, {})} ${h(Banner, { feed })}
    <main id="main" tabindex=${route.value.screen === 'status' || route.value.screen === 'map' ? '0' : '-1'}>${h(Screen, { feed })}</main>
    ${h(Footer, {})} ${h(HelpDialog, {})} ${h(SettingsDialog, {})} ${h(Import, {})}
    <div class="sr-only" role="status">${announcement.value}</div>
  </div>`
}

function Screen({ feed }: { feed: Feed }): VNode {
  const current = route.value
  switch (current.screen) {
    case 'list':
      return part(ListPage, { feed })
    case 'trace':
      // Another trace is another page: nothing of the old one's state may show through.
      return part(LazyTrace, { traceId: current.traceId, key: current.traceId })
    case 'map':
      return part(LazyMap, {})
    case 'status':
      return part(StatusPage, {})
    case 'lost':
      return part(Lost, { path: current.path })
  }
}

function Lost({ path }: { path: string }): VNode {
  return html`<section class="empty">
    <h1>There is no page here</h1>
    <p class="muted">Nothing lives at <code>${path}</code>.</p>
    <p><a class="button" href=${listHref()}>To the traces</a></p>
  </section>`
}

// The document has a base, unless it is a file: a bare "#main" would lead to another page.
function mainHref(): string {
  return `${saved.value ? '' : place.value}#main`
}

function skip(event: MouseEvent): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

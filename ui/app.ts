import './tokens.css'
import './base.css'
import './shell/header.css'
import './shell/strip.css'
import './shell/dialog.css'
import './shell/page.css'
import './list/filter.css'
import './list/flight.css'
import './list/chart.css'
import './list/rows.css'
import './list/empty.css'
import './list/narrow.css'
import { h, render } from 'preact'
import { LocationProvider } from 'preact-iso/router'
import { takeToken } from './api.ts'
import { listenForKeys } from './keys.ts'
import { Feed } from './list/feed.ts'
import { pinIn } from './list/pin.ts'
import { base } from './route.ts'
import { Shell } from './shell/shell.ts'
import { pollStatus } from './shell/poll.ts'
import { applySettings, neighbours, pin, route } from './state.ts'

takeToken()
applySettings()

const feed = new Feed()
neighbours.value = (traceId) => feed.rows.neighbours(traceId)
pin.value = (traceId) => pinIn(feed, traceId)
const asked = route.value
feed.start(asked.screen === 'list' ? (asked.params['q'] ?? '') : '')
pollStatus()
listenForKeys(document)

const root = document.getElementById('app')
if (root) {
  // The static shell is replaced, not hydrated: it is there for the first paint only.
  root.replaceChildren()
  render(h(LocationProvider, { scope: base }, h(Shell, { feed })), root)
}

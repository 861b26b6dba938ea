import './styles.css'
import { h, render, type VNode } from 'preact'
import { useLayoutEffect } from 'preact/hooks'
import { LocationProvider, useLocation } from 'preact-iso/router'
import { takeToken } from './api.ts'
import { listenForFiles } from './files/import-state.ts'
import { part } from './html.ts'
import { listenForKeys } from './keys.ts'
import { Feed } from './list/feed.ts'
import { pinIn } from './list/pin.ts'
import { connectLive } from './live.ts'
import { base, setNavigate } from './route.ts'
import { Shell } from './shell/shell.ts'
import { pollStatus } from './shell/poll.ts'
import { applySettings, neighbours, pin, place, route } from './state.ts'

takeToken()
applySettings()

const feed = new Feed()
neighbours.value = (traceId) => feed.rows.neighbours(traceId)
pin.value = (traceId) => pinIn(feed, traceId)
const asked = route.value
feed.start(asked.screen === 'list' ? (asked.params['q'] ?? '') : '', connectLive)
pollStatus()
listenForKeys(document)
listenForFiles()

function App(): VNode {
  const { url, route: navigate } = useLocation()
  // Before paint, so that no frame shows the old screen under the new address.
  useLayoutEffect(() => {
    setNavigate(navigate)
    place.value = url
  }, [url])
  return part(Shell, { feed })
}

const root = document.getElementById('app')
if (root) {
  // The static shell is replaced, not hydrated: it is there for the first paint only.
  root.replaceChildren()
  render(h(LocationProvider, { scope: base }, h(App, {})), root)
}

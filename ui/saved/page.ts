import '../styles.css'
import { h, render } from 'preact'
import { answerFrom } from '../api.ts'
import { listenForKeys } from '../keys.ts'
import { Feed } from '../list/feed.ts'
import { address, go, setNavigate, traceHref } from '../route.ts'
import { Shell } from '../shell/shell.ts'
import { applySettings, connection, neighbours, place, route, saved } from '../state.ts'
import { savedAnswers, savedPage } from './answers.ts'

/*
 * The page as a file: what it shows lies in it, and there is nobody to ask. Its places are fragments, the one part of an address of a
 * file that may change.
 */

const page = savedPage()
saved.value = page
connection.value = { state: 'saved' }
answerFrom(savedAnswers(page))
applySettings()

setNavigate((url, replace) => {
  if (replace === true) history.replaceState(null, '', url)
  else history.pushState(null, '', url)
  place.value = url
})
addEventListener('popstate', () => void (place.value = address()))
const only = page.traces.length === 1 ? page.traces[0] : undefined
if (only !== undefined && location.hash === '') go(traceHref(only.traceId), 'replace')

const feed = new Feed()
neighbours.value = (traceId) => feed.rows.neighbours(traceId)
const asked = route.value
feed.start(asked.screen === 'list' ? (asked.params['q'] ?? '') : '')
listenForKeys(document)

const root = document.getElementById('app')
if (root) {
  root.replaceChildren()
  render(h(Shell, { feed }), root)
}

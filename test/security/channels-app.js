// An application in which somebody publishes nonsense on every diagnostics channel that the package listens to.
import diagnostics from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'

const names = new Set()
const { channel, subscribe, tracingChannel } = diagnostics
const parts = ['start', 'end', 'asyncStart', 'asyncEnd', 'error']
Object.assign(diagnostics, {
  channel: (name) => channel(note(name)),
  subscribe: (name, listener) => subscribe(note(name), listener),
  tracingChannel(name) {
    for (const part of parts) note(`tracing:${name}:${part}`)
    return tracingChannel(name)
  }
})
syncBuiltinESMExports()
function note(name) {
  names.add(name)
  return name
}

const { register, instrument } = await new Promise((resolve) => process.once('message', resolve))
if (register) await import('spanlight/register')
const { traced } = await import('spanlight/http')
const { shutdown, withSpan } = await import('spanlight')
const server = createServer((_req, res) => res.end('ok'))
if (instrument) traced(server)

const broken = () => {
  throw new Error('a getter of somebody else')
}
const keys =
  'server socket request response instance arguments result error route params message headers command args options query values raw url'
const getters = Object.defineProperties(
  {},
  Object.fromEntries(keys.split(' ').map((key) => [key, { get: broken, enumerable: true }]))
)
const traps = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((trap) => [trap, broken]))
const revoked = Proxy.revocable({}, {})
revoked.revoke()
const hostile = [new Proxy({}, traps), new Proxy(() => {}, traps), revoked.proxy, getters]
const cycle = { result: 'text' }
Object.assign(cycle, { instance: cycle, server: cycle, request: cycle, arguments: cycle })
const nonsense = [
  undefined,
  null,
  7n,
  'text',
  Symbol('s'),
  [],
  {},
  () => {},
  cycle,
  Object.freeze({ result: 'x' }),
  Object.create(null),
  ...hostile,
  // The same in every property that could be looked at.
  ...[null, 7, 'text', Symbol('s'), ...hostile].map((value) =>
    Object.fromEntries(keys.split(' ').map((key) => [key, value]))
  )
]

server.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}/`
  const text = await (await fetch(url)).text()
  const answers = []
  await withSpan('work', async () => {
    for (const name of names)
      for (const message of nonsense) {
        // In a part that has been switched off nothing could fail any more.
        channel(name).publish(message)
        answers.push(channel(name).runStores(message, () => 7))
      }
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  const after = await (await fetch(url)).text()
  await shutdown()
  const left = [...names].filter((name) => diagnostics.hasSubscribers(name))
  server.close()
  server.closeAllConnections()
  process.send({ text, after, channels: [...names], answers: [...new Set(answers)], left })
  process.disconnect()
})

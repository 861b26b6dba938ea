import type { Listener } from '../wire/status.ts'
import { accessOf, type Access } from './access.ts'
import { Failure, misuse } from './failure.ts'
import { createHub, type Hub, mountPath } from './hub.ts'
import { bytesOf } from '../option-values.ts'
import { type Arguments, portOf } from './options.ts'
import { type Port, ports } from './ports.ts'
import { exportLines } from './variables.ts'

export interface RunningHub {
  readonly hub: Hub
  readonly access: Access
  /** The port of the page. */
  readonly port: number
  /** With the token, where one is needed. */
  readonly page: string
  readonly listeners: readonly Listener[]
}

/** Starts a hub with its ports; `only` leaves out the others. */
export async function startHub(
  args: Arguments,
  env: NodeJS.ProcessEnv,
  wanted: { readonly memory: number; readonly ports: ReadonlyMap<Port, number> }
): Promise<RunningHub> {
  const access = accessOf(args, env)
  const open: { readonly port: Port; readonly address: string; readonly about: string }[] = []
  const listeners = (): Listener[] =>
    open.map(({ port: { name, counts }, address, about }) => ({
      name,
      address,
      about,
      ...(counts !== '' && hub.tally.of(counts))
    }))
  let variables: string[] = []
  const hub = createHub({
    ...access,
    memory: wanted.memory,
    status: () => ({ listeners: listeners(), variables })
  })
  let pagePort = 0
  for (const [port, number] of wanted.ports) {
    const { name, option, tokenless = false } = port
    if (tokenless && access.mode.mode === 'token' && args.value(option) === undefined) {
      const about = `senders of ${name} have no token; --${option} ${number} lets those of this machine in`
      open.push({ port, address: '', about })
      continue
    }
    try {
      const got = await port.open(hub, number, access.host)
      if (port === ports[0]) pagePort = got
      const host = tokenless ? 'localhost' : access.name
      open.push({ port, address: `${port.scheme}//${host}:${got}`, about: port.about })
    } catch (error) {
      const why = await reasonOf(error, port, number, access)
      if (port.needed) throw new Failure(why)
      open.push({ port, address: '', about: why })
    }
  }
  variables = exportLines(access, pagePort, 'TOKEN')
  const { address: page } = hub.serve.startLine(`http://${access.name}:${pagePort}`)
  return { hub, access, port: pagePort, page, listeners: listeners() }
}

/** Which port each is to have; those that are switched off are left out. */
export function wantedPorts(args: Arguments): ReadonlyMap<Port, number> {
  const wanted = new Map<Port, number>()
  for (const port of ports) {
    const number = portOf(args, port.option, port.standard)
    // The page's own: any that is free.
    if (number !== 0 || port === ports[0]) wanted.set(port, number)
  }
  return wanted
}

export function memoryOf(args: Arguments, otherwise: number): number {
  try {
    return bytesOf(args.value('memory') ?? otherwise)
  } catch (error) {
    throw misuse((error as Error).message.replace(/^.*?option '[^']*'/, '--memory'))
  }
}

async function reasonOf(
  error: unknown,
  { name, option, usually }: Port,
  number: number,
  { host }: Access
): Promise<string> {
  const { code, message } = error as NodeJS.ErrnoException
  const other =
    option === 'port' ? `--${option} takes another one` : `--${option} takes another one, or off`
  if (code === 'EADDRINUSE') {
    const whose = (await isHub(number)) ? 'by a hub that runs already' : `often by ${usually}`
    return `port ${number} for ${name} is taken, ${whose}; ${other}`
  }
  if (code === 'EACCES') return `port ${number} for ${name} is not allowed to you; ${other}`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `${host} is no address of this machine; --host takes another one`
  return `port ${number} for ${name} could not be opened (${code ?? message}); ${other}`
}

/** What has the port may be no HTTP server, and say nothing; a hub on a loaded machine takes its time. */
const hubAnswersMs = 3000

/** Whether another hub answers there: its page needs no token, only what the page asks for does. */
async function isHub(port: number): Promise<boolean> {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), hubAnswersMs)
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${mountPath}/`, { signal: abort.signal })
    return (await answer.text()).includes('Spanlight</title>')
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}

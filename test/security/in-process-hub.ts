import { createHub, type Hub } from '../../src/cli/hub.ts'
import { ports } from '../../src/cli/ports.ts'

/** A hub in this process, with all of its ports. */
export interface OwnHub {
  readonly hub: Hub
  /** Of a port, by what it is for: `http://127.0.0.1:40123`. */
  origin(name: string): string
  /** Of the page, with a slash at its end. */
  readonly page: string
}

export async function ownHub(limits: { readonly memory?: number } = {}): Promise<OwnHub> {
  const hub = createHub({
    mode: { mode: 'local', why: 'a test', warning: false },
    memory: limits.memory ?? 64 * 2 ** 20,
    token: '',
    ingestToken: '',
    tokenDirectory: '/nowhere',
    allowedHosts: [],
    status: () => ({ listeners: [], variables: [] })
  })
  const open = new Map<string, number>()
  for (const one of ports) open.set(one.name, await one.open(hub, 0, '127.0.0.1'))
  const origin = (name: string): string => `http://127.0.0.1:${open.get(name)}`
  return { hub, origin, page: `${origin('OTLP/HTTP')}/_traces/` }
}

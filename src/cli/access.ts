import { homedir, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { secret } from '../option-values.ts'
import { isLoopbackAddress } from '../serve/hosts.ts'
import type { ModeDecision } from '../serve/mode.ts'
import { storedToken } from '../serve/token.ts'
import { misuse } from './failure.ts'
import type { Arguments } from './options.ts'

/** Who is let in, and by which name the hub is found. */
export interface Access {
  readonly mode: ModeDecision
  /** The address to listen on. */
  readonly host: string
  /** The name that other processes reach it by. */
  readonly name: string
  readonly token: string
  readonly ingestToken: string
  readonly tokenDirectory: string
  readonly allowedHosts: readonly string[]
}

/**
 * On this machine's own address nobody needs a token; on any other one everybody does, for the page and, another one, for sending spans. Tokens
 * that are not given are made once and kept, so that pages and services find the hub again after it was restarted.
 */
export function accessOf(args: Arguments, env: NodeJS.ProcessEnv): Access {
  const host = args.value('host') ?? '127.0.0.1'
  const loopback = host === 'localhost' || isLoopbackAddress(host)
  const token = given(args, 'token', env['SPANLIGHT_TOKEN'])
  const tokenDirectory = join(
    env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'),
    'spanlight'
  )
  const ingestToken = given(args, 'ingest-token', env['SPANLIGHT_INGEST_TOKEN'])
  const allowedHosts = args.values('allowed-host')
  return {
    mode: {
      mode: loopback && token === '' ? 'local' : 'token',
      why: !loopback
        ? `it listens on ${host}`
        : token === ''
          ? 'it listens on this machine only'
          : 'a token was given',
      warning: false
    },
    host,
    name: host === '127.0.0.1' ? 'localhost' : reachableName(host, allowedHosts),
    token,
    ingestToken: ingestToken || storedToken(join(tokenDirectory, 'ingest')),
    tokenDirectory,
    allowedHosts
  }
}

function given(args: Arguments, option: string, variable: string | undefined): string {
  try {
    return secret(option, args.value(option) ?? variable?.trim()) ?? ''
  } catch (error) {
    throw misuse((error as Error).message.replace(/^.*?option '[^']*'/, `--${option}`))
  }
}

function reachableName(host: string, allowedHosts: readonly string[]): string {
  const named = allowedHosts.find((name) => !name.startsWith('.'))
  if (named !== undefined) return named
  if (host !== '0.0.0.0' && host !== '::') return host.includes(':') ? `[${host}]` : host
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? host
}

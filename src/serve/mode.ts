import type { IncomingMessage } from 'node:http'

/** 'local': this machine only, no token. 'token': a bearer token or the host's own check. 'off': nothing is served, nothing attached. */
export type AccessMode = 'off' | 'local' | 'token'

/** The host's own check of a request to the page; anything but `true` within two seconds is a refusal. */
export type Authorize = (req: IncomingMessage) => boolean | Promise<boolean>

export interface ModeInput {
  /** The `access` option. */
  readonly access?: AccessMode | Authorize | undefined
  /** The `token` option. */
  readonly token?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether standard output is a terminal. */
  readonly isTTY: boolean
}

export interface ModeDecision {
  readonly mode: AccessMode
  /** One clause for the terminal line, after "because": `NODE_ENV is development`. */
  readonly why: string
  /** What was asked for was not honoured: say so even where the mode is off. */
  readonly warning: boolean
}

export const minTokenLength = 32

// Set by the platforms that run other people's containers: a terminal there is not the developer's.
const platformVariables = [
  'KUBERNETES_SERVICE_HOST',
  'DYNO',
  'K_SERVICE',
  'FLY_APP_NAME',
  'RENDER',
  'RAILWAY_ENVIRONMENT',
  'AWS_EXECUTION_ENV',
  'WEBSITE_SITE_NAME',
  'VERCEL'
] as const

/**
 * Who may see the page: a function of options and environment alone, never of a request (an environment that a query string could switch
 * was Symfony's CVE-2024-50340). The first rule that applies wins, the stricter of option and variable first. Never throws: what cannot
 * be understood is 'off'.
 */
export function decideMode(input: ModeInput): ModeDecision {
  const { access, env } = input
  const asked = env['SPANLIGHT_ACCESS']?.trim().toLowerCase() ?? ''
  const nodeEnv = env['NODE_ENV'] ?? ''
  const token = input.token ?? env['SPANLIGHT_TOKEN'] ?? ''
  const authorize = typeof access === 'function'

  if (access === 'off') return decide('off', 'access is off')
  if (asked === 'off') return decide('off', 'SPANLIGHT_ACCESS is off')
  if (access !== undefined && !authorize && access !== 'local' && access !== 'token')
    return refuse('access is none of local, token, off and a function')
  if (asked !== '' && asked !== 'local' && asked !== 'token')
    return refuse('SPANLIGHT_ACCESS is none of local, token and off')
  if (token !== '' && token.length < minTokenLength)
    return refuse(`the token is shorter than ${minTokenLength} characters`)

  if (/^prod/i.test(nodeEnv)) {
    if (authorize || token !== '')
      return decide(
        'token',
        `NODE_ENV is production and ${authorize ? 'access' : 'a token'} is set`
      )
    return access === 'local' || asked === 'local'
      ? refuse('local access is not given in production')
      : decide('off', 'NODE_ENV is production and no token is set')
  }
  if (authorize) return decide('token', 'access is a function')
  if (access === 'token') return decide('token', 'access is token')
  if (asked === 'token') return decide('token', 'SPANLIGHT_ACCESS is token')
  if (access === 'local') return decide('local', 'access is local')
  if (asked === 'local') return decide('local', 'SPANLIGHT_ACCESS is local')
  if (nodeEnv === 'development' || nodeEnv === 'test')
    return decide('local', `NODE_ENV is ${nodeEnv}`)
  if (nodeEnv !== '') return decide('token', 'NODE_ENV is neither development, test nor production')
  return byTerminal(input)
}

function byTerminal({ env, isTTY }: ModeInput): ModeDecision {
  if (!isTTY) return decide('token', 'NODE_ENV is not set and this is no terminal')
  const platform = platformVariables.find((name) => env[name] !== undefined)
  return platform === undefined
    ? decide('local', 'NODE_ENV is not set and this is a terminal')
    : decide('token', `NODE_ENV is not set and ${platform} is`)
}

function decide(mode: AccessMode, why: string): ModeDecision {
  return { mode, why, warning: false }
}

function refuse(why: string): ModeDecision {
  return { mode: 'off', why, warning: true }
}

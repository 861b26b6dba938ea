import { describe, expect, it } from 'vitest'
import { decideMode, type ModeInput } from '../../src/serve/mode.ts'

const long = 'x'.repeat(32)
const short = 'x'.repeat(31)
const allow = (): boolean => true

type Row = [
  want: 'off' | 'local' | 'token',
  what: { access?: string | (() => boolean); token?: string; tty?: boolean; warns?: boolean },
  env?: Record<string, string>
]

const rows: Row[] = [
  // Nothing asked for, nothing said.
  ['local', { tty: true }],
  ['token', { tty: false }],
  ['local', { tty: true, token: long }],
  ['token', { tty: false, token: long }],
  // A platform's variable beside a terminal.
  ['token', { tty: true }, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }],
  ['token', { tty: true }, { DYNO: 'web.1' }],
  ['token', { tty: true }, { K_SERVICE: 'shop' }],
  ['token', { tty: true }, { FLY_APP_NAME: 'shop' }],
  ['token', { tty: true }, { RENDER: 'true' }],
  ['token', { tty: true }, { RAILWAY_ENVIRONMENT: 'x' }],
  ['token', { tty: true }, { AWS_EXECUTION_ENV: 'x' }],
  ['token', { tty: true }, { WEBSITE_SITE_NAME: 'x' }],
  ['token', { tty: true }, { VERCEL: '1' }],
  ['token', { tty: true }, { VERCEL: '' }],
  // NODE_ENV.
  ['local', { tty: false }, { NODE_ENV: 'development' }],
  ['local', { tty: false }, { NODE_ENV: 'test' }],
  ['local', { tty: false }, { NODE_ENV: 'development', DYNO: 'web.1' }],
  ['token', { tty: true }, { NODE_ENV: 'staging' }],
  ['token', { tty: true }, { NODE_ENV: 'qa' }],
  ['token', { tty: true }, { NODE_ENV: 'Development' }],
  ['token', { tty: true }, { NODE_ENV: 'preproduction' }],
  ['local', { tty: true }, { NODE_ENV: '' }],
  // Production.
  ['off', { tty: true }, { NODE_ENV: 'production' }],
  ['off', { tty: false }, { NODE_ENV: 'prod' }],
  ['off', { tty: true }, { NODE_ENV: 'PRODUCTION' }],
  ['off', { tty: true }, { NODE_ENV: 'prod-eu' }],
  ['token', { token: long }, { NODE_ENV: 'production' }],
  ['token', {}, { NODE_ENV: 'production', SPANLIGHT_TOKEN: long }],
  ['token', { access: allow }, { NODE_ENV: 'production' }],
  ['off', { access: 'token' }, { NODE_ENV: 'production' }],
  ['token', { access: 'token', token: long }, { NODE_ENV: 'production' }],
  ['off', {}, { NODE_ENV: 'production', SPANLIGHT_ACCESS: 'token' }],
  // Local is never given in production: with nothing else, it is off and says so; with a token, it needs the token.
  ['off', { access: 'local', warns: true }, { NODE_ENV: 'production' }],
  ['off', { warns: true }, { NODE_ENV: 'production', SPANLIGHT_ACCESS: 'local' }],
  ['token', { access: 'local', token: long }, { NODE_ENV: 'production' }],
  ['token', { token: long }, { NODE_ENV: 'production', SPANLIGHT_ACCESS: 'local' }],
  // Asked for outside production.
  ['local', { access: 'local', tty: false }],
  ['local', { access: 'local', tty: false }, { DYNO: 'web.1' }],
  ['local', { access: 'local' }, { NODE_ENV: 'staging' }],
  ['local', { tty: false }, { SPANLIGHT_ACCESS: 'local' }],
  ['local', { tty: false }, { SPANLIGHT_ACCESS: ' Local ' }],
  ['local', {}, { SPANLIGHT_ACCESS: 'local', NODE_ENV: 'staging' }],
  ['token', { access: 'token', tty: true }],
  ['token', { access: 'token' }, { NODE_ENV: 'development' }],
  ['token', { tty: true }, { SPANLIGHT_ACCESS: 'token' }],
  ['token', {}, { SPANLIGHT_ACCESS: 'token', NODE_ENV: 'development' }],
  ['token', { access: allow, tty: true }],
  ['token', { access: allow }, { NODE_ENV: 'development' }],
  // Option and variable disagree: the stricter one.
  ['token', { access: 'local' }, { SPANLIGHT_ACCESS: 'token' }],
  ['token', { access: 'token' }, { SPANLIGHT_ACCESS: 'local' }],
  ['token', { access: allow }, { SPANLIGHT_ACCESS: 'local' }],
  ['off', { access: 'off' }, { SPANLIGHT_ACCESS: 'local' }],
  ['off', { access: 'local' }, { SPANLIGHT_ACCESS: 'off' }],
  ['off', { access: allow, token: long }, { SPANLIGHT_ACCESS: 'off' }],
  ['off', { access: 'off', token: long }, { NODE_ENV: 'production' }],
  ['off', { access: 'off' }, { NODE_ENV: 'development' }],
  // What cannot be understood is off, and never an exception.
  ['off', { access: 'yes', warns: true }],
  ['off', { access: '', warns: true }],
  ['off', { tty: true, warns: true }, { SPANLIGHT_ACCESS: 'on' }],
  ['off', { warns: true }, { SPANLIGHT_ACCESS: '*', NODE_ENV: 'development' }],
  // A token that can be guessed is no token, and not the same as none.
  ['off', { token: short, tty: true, warns: true }],
  ['off', { token: short, warns: true }, { NODE_ENV: 'production' }],
  ['off', { access: 'local', warns: true }, { SPANLIGHT_TOKEN: short }],
  ['off', { access: allow, token: short, warns: true }, { NODE_ENV: 'production' }],
  ['local', { token: '', tty: true }, { SPANLIGHT_TOKEN: '' }]
]

describe('the mode', () => {
  it.each(rows)('is %s for %j and %j', (want, what, env = {}) => {
    const { mode, why, warning } = decideMode({
      access: what.access as ModeInput['access'],
      token: what.token,
      env,
      isTTY: what.tty ?? true
    })
    expect(mode).toBe(want)
    expect(warning).toBe(what.warns ?? false)
    expect(why).toMatch(/^\S.*[^.]$/)
    expect(why).not.toContain(long)
  })

  it('is covered by at least sixty rows', () => {
    expect(rows.length).toBeGreaterThanOrEqual(60)
  })
})

import type { Serve } from './setup.ts'

/** Of a page that is off: every request is the host's. */
export function closedServe(why: string): Serve {
  return {
    handle: () => false,
    answerFor: (_req, res) => void res.destroy(),
    upgradeFor: (_req, socket) => void socket.destroy(),
    turnAway() {},
    observe() {},
    proxySeen() {},
    proxy: '',
    close() {},
    mode: 'off',
    why,
    senders: undefined,
    pages: 0,
    startLine: () => ({ address: '', mode: 'off', why })
  }
}

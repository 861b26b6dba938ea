import { createHome, freePort, host, type Server } from './home.ts'

/** Redis that keeps nothing; the reason when it is not installed. */
export async function startRedis(): Promise<Server | string> {
  const home = await createHome({ package: 'redis-server', programs: ['redis-server'] })
  if (typeof home === 'string') return home
  const port = await freePort()
  try {
    const words = ['--port', `${port}`, '--bind', host, '--save', '', '--appendonly', 'no']
    await home.start('redis-server', words, /Ready to accept connections/)
  } catch (error) {
    await home.stop()
    throw error
  }
  return { url: `redis://${host}:${port}`, host, port, stop: home.stop }
}

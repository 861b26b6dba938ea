import { createHome, freePort, host, type Server } from './home.ts'

/** PostgreSQL with an empty database, its user `postgres` without a password; the reason when it is not installed. */
export async function startPostgres(): Promise<Server | string> {
  const home = await createHome({
    package: 'postgresql',
    programs: ['initdb', 'postgres'],
    // Its processes are many, and SIGQUIT is what ends all of them at once.
    signal: 'QUIT'
  })
  if (typeof home === 'string') return home
  const port = await freePort()
  try {
    await home.run('initdb', ['-D', 'data', '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '-N'])
    const settings = [
      `listen_addresses=${host}`,
      `port=${port}`,
      'unix_socket_directories=',
      'fsync=off',
      'shared_buffers=16MB'
    ]
    const words = settings.flatMap((setting) => ['-c', setting])
    await home.start('postgres', ['-D', 'data', ...words], /ready to accept connections/)
  } catch (error) {
    await home.stop()
    throw error
  }
  return { url: `postgres://postgres@${host}:${port}/postgres`, host, port, stop: home.stop }
}

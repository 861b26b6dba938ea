// A cache, where one can be had: the Redis that REDIS_URL names, else a redis-server of this machine on a port of its own. Without either
// the demo goes on without a cache.
import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { onStop, ready } from './service.js'

onStop(() => process.exit(0))
if (process.env.REDIS_URL) ready(process.env.REDIS_URL)
else if (spawnSync('redis-server', ['--version']).status === 0) start(await freePort())
else ready(undefined, 'no redis-server is installed: without a cache')

// By a shell that waits for the end of its input, so that the server does not outlive this process, however it ends.
function start(port) {
  const redis = `redis-server --port ${port} --bind 127.0.0.1 --save '' --appendonly no`
  const server = spawn('sh', ['-c', `${redis} & read _; kill $!`], {
    stdio: ['pipe', 'pipe', 'ignore']
  })
  server.stdout.setEncoding('utf8').on('data', (text) => {
    if (/ready to accept connections/i.test(text)) ready(`redis://127.0.0.1:${port}`)
  })
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

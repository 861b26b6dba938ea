import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

// Debian keeps servers out of an ordinary user's PATH, PostgreSQL's in a folder for each version, and in PATH a script in place of RabbitMQ's
// that stays between us and the server.
const folders = [
  '/usr/lib/rabbitmq/bin',
  ...(process.env.PATH ?? '').split(':'),
  '/usr/sbin',
  ...versionsOf('/usr/lib/postgresql').map((version) => `/usr/lib/postgresql/${version}/bin`)
]

/** Where a program is, if anywhere. */
export function findBinary(name) {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

function versionsOf(folder) {
  return existsSync(folder) ? readdirSync(folder).sort((a, b) => Number(b) - Number(a)) : []
}

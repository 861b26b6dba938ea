import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createHome, freePort, host, type Server } from './home.ts'

const users = `
CREATE DATABASE test;
CREATE USER test@'%' IDENTIFIED BY '';
GRANT ALL ON *.* TO test@'%';
DELETE FROM mysql.global_priv WHERE User = '';
FLUSH PRIVILEGES;
`

/** MariaDB with an empty database `test`, its user `test` without a password; the reason when it is not installed. */
export async function startMariadb(): Promise<Server | string> {
  const home = await createHome({
    package: 'mariadb-server',
    programs: ['mariadb-install-db', 'mariadbd']
  })
  if (typeof home === 'string') return home
  const port = await freePort()
  const data = `--datadir=${join(home.folder, 'data')}`
  try {
    await writeFile(join(home.folder, 'users.sql'), users, { mode: 0o644 })
    await home.run('mariadb-install-db', [
      '--no-defaults',
      data,
      '--auth-root-authentication-method=normal',
      '--skip-test-db'
    ])
    const words = [
      '--no-defaults',
      data,
      `--port=${port}`,
      `--bind-address=${host}`,
      `--socket=${join(home.folder, 'socket')}`,
      `--pid-file=${join(home.folder, 'pid')}`,
      `--init-file=${join(home.folder, 'users.sql')}`,
      '--skip-name-resolve',
      '--innodb-buffer-pool-size=8M',
      '--innodb-flush-log-at-trx-commit=0'
    ]
    await home.start('mariadbd', words, /ready for connections/)
  } catch (error) {
    await home.stop()
    throw error
  }
  return { url: `mysql://test@${host}:${port}/test`, host, port, stop: home.stop }
}

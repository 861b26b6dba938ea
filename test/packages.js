import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mustBuild } from './libraries/addon.js'
import { findBinary } from './servers/binaries.js'

// What the tests use of the system: how to see that it is there, Debian's packages of it, and for what.
const needs = [
  [() => findChromium(), ['chromium', 'fonts-dejavu-core'], 'the browser tests'],
  [() => findBinary('postgres'), ['postgresql'], 'the tests of pg'],
  [() => findBinary('mariadbd'), ['mariadb-server'], 'the tests of mysql2'],
  [() => findBinary('redis-server'), ['redis-server'], 'the tests of ioredis, redis and bullmq'],
  [() => findBinary('rabbitmq-server'), ['rabbitmq-server'], 'the tests of amqplib'],
  [() => canCompile() || !mustBuild(), ['build-essential', 'python3'], 'building better-sqlite3']
]

/** The path of Chrome or Chromium. */
export function findChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
  const set = process.env.CHROMIUM
  return set && existsSync(set) ? set : names.map(findBinary).find((path) => path !== undefined)
}

function canCompile() {
  return ['make', 'g++', 'python3'].every(findBinary)
}

/** Installs what is missing where that is possible: on Debian as root. Says what could not be had. */
export function installPackages(say) {
  const missing = needs.filter(([found]) => !found())
  if (missing.length === 0) return
  const packages = missing.flatMap(([, names]) => names)
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    say(`Installing ${packages.join(', ')} for ${list(missing)} ...`)
    aptGet(say, ['update', '-q'])
    aptGet(say, ['install', '-q', '-y', '--no-install-recommends', ...packages])
  }
  const still = missing.filter(([found]) => !found())
  if (still.length > 0)
    say(`Skipped is what needs ${still.flatMap(([, names]) => names).join(', ')}: ${list(still)}.`)
}

function aptGet(say, words) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stderr } = spawnSync('apt-get', words, { env, encoding: 'utf8' })
  if (status !== 0) say(`apt-get ${words[0]} failed: ${stderr.trim().split('\n').at(-1)}`)
}

function list(some) {
  return some.map(([, , why]) => why).join(', ')
}

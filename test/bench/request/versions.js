import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../build.js'
import * as peers from '../peers/install.js'

const ours = [
  'express',
  'koa',
  '@koa/router',
  '@opentelemetry/api',
  '@opentelemetry/sdk-trace-node',
  '@opentelemetry/sdk-trace-base',
  '@opentelemetry/instrumentation-http',
  '@opentelemetry/instrumentation-express'
]

/** What was measured, by name: packages, and Node in each setting. */
export function versions(settings) {
  const installed = ours.map((name) => {
    const file = join(root, 'node_modules', name, 'package.json')
    return [name, JSON.parse(readFileSync(file, 'utf8')).version]
  })
  const nodes = settings.map(({ name, binary }) => [
    `node of ${name}`,
    binary === undefined
      ? process.version
      : spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.trim()
  ])
  return Object.fromEntries([...nodes, ...installed, ...Object.entries(peers.versions())])
}

import { createRequire } from 'node:module'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type * as Api from '@opentelemetry/api'
import { createPropagation } from '../../../src/span/propagation.ts'
import {
  type Registration,
  registerOpenTelemetry
} from '../../../src/interop/opentelemetry/register.ts'
import { createRecorder, type Recorder } from '../../span/setup.ts'

export const require: NodeJS.Require = createRequire(import.meta.url)

export type { Api }

const applications: string[] = []
afterAll(() => {
  for (const folder of applications.splice(0)) rmSync(folder, { recursive: true })
})

/** A folder whose only dependency is the given installed package, under the name `@opentelemetry/api`. */
export function applicationWith(installed: string | undefined): NodeJS.Require {
  const folder = mkdtempSync(join(tmpdir(), 'spanlight-app-'))
  applications.push(folder)
  if (installed !== undefined) {
    mkdirSync(join(folder, 'node_modules/@opentelemetry'), { recursive: true })
    const target = new URL(`../../../node_modules/${installed}`, import.meta.url)
    symlinkSync(target.pathname, join(folder, 'node_modules/@opentelemetry/api'))
  }
  return createRequire(join(folder, 'index.js'))
}

export interface Registered extends Recorder, Registration {
  /** Names of the spans that were recorded, in order. */
  names(): string[]
}

export function register(appRequire: NodeJS.Require = require): Registered {
  const recorder = createRecorder()
  const registration = registerOpenTelemetry({
    tracer: recorder.tracer,
    propagation: createPropagation(['w3c']),
    report: recorder.report,
    appRequire
  })
  const names = (): string[] =>
    recorder.records.flatMap((record) => record.spans.map((span) => span.name))
  return { ...recorder, ...registration, names }
}

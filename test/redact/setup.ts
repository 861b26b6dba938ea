import { defaultLimits, type Limits } from '../../src/base/limits.ts'
import { createReport, type Report } from '../../src/base/report.ts'
import type { RedactOptions } from '../../src/redact/options.ts'
import { createRedactor, type RecordRedactor } from '../../src/redact/redactor.ts'

interface Choice {
  readonly mode?: 'local' | 'token'
  readonly options?: RedactOptions
  readonly limits?: Partial<Limits>
  readonly report?: Report
}

export function redactor(choice: Choice = {}): RecordRedactor {
  return createRedactor({
    mode: choice.mode ?? 'local',
    limits: { ...defaultLimits, ...choice.limits },
    options: choice.options ?? {},
    report: choice.report ?? createReport(() => {})
  })
}

interface StringMethods {
  charCodeAt: (this: string, at: number) => number
  indexOf: (this: string, needle: string, from?: number) => number
}

/**
 * How many characters `fn` looks at, for tests that something is linear: time is not asserted on a machine that others use.
 */
export function countSteps(fn: () => unknown): number {
  const proto: StringMethods = String.prototype
  const { charCodeAt, indexOf } = proto
  let steps = 0
  proto.charCodeAt = function (this: string, at: number) {
    steps++
    return charCodeAt.call(this, at)
  }
  proto.indexOf = function (this: string, needle: string, from = 0) {
    const found = indexOf.call(this, needle, from)
    steps += (found < 0 ? this.length : found) - Math.min(from, this.length) + 1
    return found
  }
  try {
    fn()
  } finally {
    Object.assign(proto, { charCodeAt, indexOf })
  }
  return steps
}

import { type Answer, failure, gatewayFailure } from './answer.ts'
import { classicAnswer } from './classic-api.ts'
import { BadParameter } from './parameters.ts'
import { v3Answer, type V3Setup } from './v3-api.ts'

const v3 = 'v3/'

/** Jaeger's query API below `jaeger/`, which is what a user interface or a data source is given as the address of its server. */
export function createJaegerApi(setup: V3Setup): {
  readonly prefix: string
  answer(path: string, params: URLSearchParams): Promise<Answer | undefined>
} {
  return {
    prefix: 'jaeger/api/',
    async answer(path, params) {
      try {
        if (path.startsWith(v3)) return await v3Answer(setup, path.slice(v3.length), params)
        return await classicAnswer(setup.reader, path, params, Date.now())
      } catch (error) {
        if (!(error instanceof BadParameter)) throw error
        return path.startsWith(v3)
          ? gatewayFailure(400, error.message)
          : failure(400, error.message)
      }
    }
  }
}

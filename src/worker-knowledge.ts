import type { TraceId } from './base/ids.ts'
import type { Resource } from './base/span-data.ts'
import type { Inspections } from './inspect/inspections.ts'
import type { Profiler } from './inspect/profiler.ts'
import type { ProfilesElsewhere } from './inspecting.ts'
import type { RuntimeElsewhere } from './query/reader.ts'
import type { Reader } from './query/types.ts'
import type { Serve } from './serve/setup.ts'
import type { ProfileOf } from './wire/inspect.ts'
import type { RuntimeActivity } from './wire/runtime.ts'
import type { Knowledge, Question } from './workers/knowledge.ts'

/** The parts of a worker that know what others want to know. */
export interface KnowingParts {
  readonly serve: Pick<Serve, 'proxy' | 'proxySeen'>
  readonly inspections: Pick<Inspections, 'shared' | 'adopt' | 'granted'>
  readonly profiler: Pick<Profiler, 'profiles' | 'of'>
  readonly reader: Pick<Reader, 'runtime'>
}

/** Characters of a profile in one answer. */
const pieceLength = 2 ** 18

/** What this worker tells the others. */
export function knowledgeOf(parts: () => KnowingParts): Knowledge {
  return {
    common() {
      const { serve, inspections } = parts()
      return { proxy: serve.proxy, wishes: inspections.shared }
    },
    take({ proxy, wishes }) {
      const { serve, inspections } = parts()
      if (proxy !== '') serve.proxySeen(proxy)
      inspections.adopt(wishes)
    },
    hear(discovery) {
      const { serve, inspections } = parts()
      if (discovery.type === 'proxy') serve.proxySeen(discovery.sign)
      else inspections.granted(discovery.id)
    },
    async answer(question) {
      const { profiler, reader } = parts()
      switch (question.about) {
        case 'profiles':
          return profiler.profiles
        case 'profile': {
          const { traceId, spanId, from } = question
          return profiler.of(traceId, spanId)?.slice(from, from + pieceLength)
        }
        case 'runtime':
          return reader.runtime(question.traceId as TraceId)
      }
    }
  }
}

/** What the others tell this worker when it asks them. */
export function askedOf(ask: (question: Question, of?: Resource) => Promise<unknown[]>): {
  profiles: ProfilesElsewhere
  runtime: RuntimeElsewhere
} {
  const list = async (): Promise<ProfileOf[]> =>
    ((await ask({ about: 'profiles' })) as ProfileOf[][]).flat()
  const profiles: ProfilesElsewhere = {
    list,
    async of(traceId) {
      const spanId = (await list()).findLast((one) => one.traceId === traceId)?.spanId
      if (spanId === undefined) return undefined
      for (let text = ''; ;) {
        const question = { about: 'profile', traceId, spanId, from: text.length } as const
        const [piece] = (await ask(question)) as string[]
        // It has made room for another, or its worker is gone.
        if (piece === undefined) return undefined
        text += piece
        if (piece.length < pieceLength) return text
      }
    }
  }
  return {
    profiles,
    async runtime(traceId, resource) {
      const [activity] = await ask({ about: 'runtime', traceId }, resource)
      return activity as RuntimeActivity | undefined
    }
  }
}

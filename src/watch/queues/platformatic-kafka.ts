import { get } from '../../span/exception.ts'
import { startSending } from './messaging.ts'
import type { FollowedCall, Published } from '../tracing-channel.ts'

interface Message {
  readonly options?: unknown
}

/**
 * What is sent through `@platformatic/kafka`. The trace does not travel along: by the time its channel tells of the messages they are the caller's own
 * objects still, and what their headers must be made of (texts, bytes, anything that the caller's serializers take) is the caller's choice.
 */
export const platformaticKafka: Published = {
  name: '@platformatic/kafka',
  since: '2.12',
  follow(setup, on) {
    on<Message>('plt:kafka:producer:sends', ({ options }): FollowedCall | undefined => {
      const list = get(options, 'messages')
      const messages = Array.isArray(list) ? (list as unknown[]) : []
      const topics = new Set(messages.map((message) => get(message, 'topic')))
      const [topic] = topics
      const sending = startSending(setup, {
        system: 'kafka',
        operation: 'send',
        destination: topics.size === 1 && typeof topic === 'string' ? topic : '',
        messages: messages.length === 1 ? undefined : messages.length
      })
      return (
        sending && {
          succeed: () => sending.end(),
          fail: (error) => sending.fail(error)
        }
      )
    })
  }
}

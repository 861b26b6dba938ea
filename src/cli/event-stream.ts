import type { LiveMessage } from '../wire/live.ts'

/** Longest event that is waited for: a frame of 500 traces has a tenth of it. */
const maxLength = 4 * 2 ** 20

/** The messages of `GET live`: each is one `data:` line, and an empty line ends it. */
export async function* liveMessages(body: AsyncIterable<Uint8Array>): AsyncGenerator<LiveMessage> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = lines.pop() as string
    if (rest.length > maxLength) throw new Error('an event is too long')
    for (const line of lines) {
      const message = line.startsWith('data: ') ? parsed(line.slice(6)) : undefined
      if (message !== undefined) yield message
    }
  }
}

function parsed(text: string): LiveMessage | undefined {
  try {
    const message: unknown = JSON.parse(text)
    return typeof message === 'object' && message !== null && 'type' in message
      ? (message as LiveMessage)
      : undefined
  } catch {
    return undefined
  }
}

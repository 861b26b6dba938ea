/** One line of a stack trace, taken apart as far as it could be. */
export interface Frame {
  readonly text: string
  /** The function, '' when it is anonymous or the line is no frame. */
  readonly fn: string
  readonly file: string
  readonly line: number
  readonly column: number
  /** Of the program itself: not of a dependency, not of Node. */
  readonly own: boolean
}

const withFunction = /^\s*at (?:async )?(.{1,300}?) \((.{1,1000}):(\d{1,7}):(\d{1,7})\)$/
const bare = /^\s*at (?:async )?(.{1,1000}):(\d{1,7}):(\d{1,7})$/

/** The lines of a V8 stack. Lines that are no frame (the message, causes) come through as text. */
export function frames(stack: string): Frame[] {
  return stack.split('\n').map((text) => {
    const named = withFunction.exec(text)
    if (named !== null)
      return frame(text, named[1] ?? '', named[2] ?? '', Number(named[3]), Number(named[4]))
    const place = bare.exec(text)
    if (place !== null) return frame(text, '', place[1] ?? '', Number(place[2]), Number(place[3]))
    return { text, fn: '', file: '', line: 0, column: 0, own: false }
  })
}

function frame(text: string, fn: string, location: string, line: number, column: number): Frame {
  const file = location.replace(/^file:\/\//, '')
  return {
    text,
    fn,
    file,
    line,
    column,
    own: !file.startsWith('node:') && !file.includes('node_modules')
  }
}

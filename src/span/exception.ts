import { withoutValues } from './error-values.ts'

const maxCauses = 5

/** What is known of a thrown value, in the attributes of the exceptions semantic conventions. */
export interface ErrorReading {
  /** The error's name or class: what goes to `error.type`. */
  readonly type: string
  readonly message: string
  readonly attributes: Readonly<Record<string, string>>
}

/**
 * Reads a thrown value of any kind without keeping it: an error can hold a request's headers, sockets and closures, and its properties may be
 * getters that throw. The chain of causes follows the stack as `Caused by: ...`, the way Java and Node print it.
 */
export function readError(thrown: unknown): ErrorReading {
  const type = typeOf(thrown)
  const message = isObject(thrown) ? messageOf(thrown) : printed(thrown)
  const attributes: Record<string, string> = {
    'exception.type': type,
    'exception.message': message
  }
  const stack = stackOf(thrown)
  if (stack !== '') attributes['exception.stacktrace'] = stack
  const code = read(thrown, 'code')
  if (code !== '') attributes['exception.code'] = code
  return { type, message, attributes }
}

/** `class Timeout extends Error {}` says 'Error' of itself unless it sets a name: then its class says more. */
function typeOf(thrown: unknown): string {
  const name = read(thrown, 'name')
  return name === '' || name === 'Error' ? className(thrown) || name || typeof thrown : name
}

function stackOf(thrown: unknown): string {
  const parts: string[] = []
  const seen = new Set<unknown>()
  let error = thrown
  while (isObject(error) && parts.length < maxCauses && !seen.has(error)) {
    seen.add(error)
    const message = messageOf(error)
    const stack =
      stackWith(error, message) || [read(error, 'name'), message].filter(Boolean).join(': ')
    if (stack !== '') parts.push(parts.length === 0 ? stack : `Caused by: ${stack}`)
    error = get(error, 'cause')
  }
  if (error !== undefined && error !== null && !isObject(error))
    parts.push(`Caused by: ${printed(error)}`)
  return isObject(thrown) ? parts.join('\n') : ''
}

function messageOf(error: object): string {
  return withoutValues(read(error, 'message'), read(error, 'code'))
}

// The stack begins with the message as it was when the error was made.
function stackWith(error: object, message: string): string {
  const stack = read(error, 'stack')
  const whole = read(error, 'message')
  if (whole === message) return stack
  const at = stack.indexOf(whole)
  return at < 0 ? '' : stack.slice(0, at) + message + stack.slice(at + whole.length)
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** A property of any value, or undefined: getters and Proxies of the host may throw. */
export function get(value: unknown, key: string): unknown {
  try {
    return isObject(value) ? (Reflect.get(value, key) as unknown) : undefined
  } catch {
    return undefined
  }
}

function read(value: unknown, key: string): string {
  const found = get(value, key)
  if (typeof found === 'string') return found
  return typeof found === 'number' ? String(found) : ''
}

function className(value: unknown): string {
  return read(get(value, 'constructor'), 'name')
}

function printed(value: unknown): string {
  try {
    return String(value)
  } catch {
    return '[unserialisable]'
  }
}

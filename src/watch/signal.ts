import { claim, type Watch, type WatchSetup, watchedElsewhere } from './watch.ts'

/** Calls `onSignal` for each such signal of the process. A listener takes its usual effect (for most, the end) from a signal: nobody gets one who did not ask. */
export function watchSignal(
  setup: WatchSetup,
  signal: NodeJS.Signals,
  onSignal: () => void
): Watch {
  const release = claim(signal)
  if (release === undefined) return watchedElsewhere(signal)
  const listener = (): void => {
    setup.guard(onSignal)
  }
  // Windows has few signals, and throws for the others.
  const on = setup.guard(() => process.on(signal, listener)) !== undefined
  return {
    instrumented: {
      name: signal,
      on,
      how: on ? 'prints what is in flight' : 'this system does not have that signal'
    },
    stop() {
      process.off(signal, listener)
      release()
    }
  }
}

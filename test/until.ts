/**
 * How long a test waits for one thing that is to come. It says nothing of how fast anything is: a loaded machine takes many times as long as
 * an idle one, and what ends here would otherwise have waited for ever.
 */
export const patienceMs = 60_000

/** Waits for what is to come, and says for what it waited in vain. */
export async function until(condition: () => unknown): Promise<void> {
  for (const deadline = performance.now() + patienceMs; !(await condition());) {
    if (performance.now() > deadline) throw new Error(`never came: ${String(condition)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

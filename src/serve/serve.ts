import { createFront } from './front.ts'
import { createPage } from './page.ts'
import type { Serve, ServeSetup } from './setup.ts'

export type { Serve, ServeSetup }

/** The page of a process that is there for nothing else: nothing of it is loaded later. */
export function createServe(setup: ServeSetup): Serve {
  return createFront(setup, async (front) => createPage(setup, front))
}

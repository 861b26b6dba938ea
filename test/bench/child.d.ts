export class Child {
  ask(question?: { ask: string }, timeoutMs?: number): Promise<Record<string, number>>
  stop(): Promise<void>
}

/** Milliseconds from the import to the mounted middleware, in a fresh process. */
export function start(contestant: { script: string }): Promise<number>

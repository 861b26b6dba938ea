/** Asks a fresh process one question. */
export function once(
  script: string,
  question: { ask: string; size?: number; count?: number }
): Promise<Record<string, number>>

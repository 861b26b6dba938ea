interface Figure {
  readonly name: string
  readonly unit: string
  readonly value: number
}

/** Searches of a full ring and the opening of large traces. */
export function searchFigures(setup: {
  say: (text: string) => void
  quick: boolean
}): Promise<Figure[]>

/** Throws when a search found anything else than what was there. */
export function checkSearch(
  list: { traces: unknown[]; searched: { traces: number; complete: boolean } },
  expected: { by: string; found: number; whole: number | false }
): void

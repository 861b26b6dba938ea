/*
 * Edits of a query as text. The box is the only holder of the query: chips, values that are clicked and the chart write
 * into it, so what is applied is always what is read.
 */

/** The query has this term, as typed. */
export function hasTerm(query: string, term: string): boolean {
  return terms(query).includes(term)
}

export function toggleTerm(query: string, term: string): string {
  return hasTerm(query, term)
    ? terms(query)
        .filter((other) => other !== term)
        .join(' ')
    : [...terms(query), term].join(' ')
}

/** Puts `key:value` in place of every other term of that key. */
export function setTerm(query: string, key: string, value: string): string {
  const others = terms(query).filter((term) => !term.toLowerCase().startsWith(`${key}:`))
  return [...others, `${key}:${value}`].join(' ')
}

/** A value as it must be written to be taken as it is: quoted, unless it has nothing that the language reads. */
export function quoted(value: string): string {
  return /^\/?[\w@.-][\w@.:/-]*$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`
}

/** The words of a query; quotes hold white space together. */
export function terms(query: string): string[] {
  return query.match(/(?:"(?:\\.|[^"\\])*"?|[^\s"])+/g) ?? []
}

import { type HeadersFactory, isHeader } from './settings.ts'

/** What a factory gives, for each try. Rejects with a sentence where that is nothing that can be sent. */
export function authorizeBy(factory: HeadersFactory): () => Promise<Record<string, string>> {
  return async () => {
    const given: unknown = await factory()
    if (typeof given !== 'object' || given === null) throw new Error('headers gave no object')
    const odd = Object.entries(given).find(
      ([name, value]) => typeof value !== 'string' || !isHeader(name, value)
    )
    if (odd !== undefined) throw new Error(`headers gave a '${odd[0]}' that cannot be sent`)
    return Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name.toLowerCase(), value as string])
    )
  }
}

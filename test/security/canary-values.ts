import { randomBytes } from 'node:crypto'

/** Values by the place where they were put. */
export class Values {
  readonly byPlace: Record<string, string> = {}

  /** A new canary for a place: 96 bits that occur nowhere else. */
  secret(place: string): string {
    return (this.byPlace[`secret: ${place}`] ??= randomBytes(12).toString('hex'))
  }

  /** A new innocent value: as long, but nothing of a credential in it. */
  plain(place: string): string {
    return (this.byPlace[`plain: ${place}`] ??= `plum${Object.keys(this.byPlace).length}tree`)
  }

  places(kind: 'secret' | 'plain'): [place: string, value: string][] {
    return Object.entries(this.byPlace).filter(([place]) => place.startsWith(`${kind}: `))
  }
}

export function bind(values: Values): Record<'secret' | 'plain', (place: string) => string> {
  return {
    secret: (place) => values.secret(place),
    plain: (place) => values.plain(place)
  }
}

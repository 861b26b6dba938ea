export class HttpSpans {
  constructor(seed?: number)
  next(): { name: string; attributes: (string | number)[]; duration: number }
  below(n: number): number
  hex(digits: number): string
  text(joined: string): string
}

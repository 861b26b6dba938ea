export class HttpSpans {
  constructor(seed?: number)
  next(): { name: string; attributes: (string | number)[]; duration: number }
}

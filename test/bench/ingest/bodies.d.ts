export interface Body {
  body: Buffer
  spans: number
}
export const spansOfTrace: number
export class Bodies {
  constructor(seed: number)
  json(bytes: number): Body
  protobuf(bytes: number): Body
}
export function encode(request: object): Buffer

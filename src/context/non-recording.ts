import type { SpanContext } from '../base/span-context.ts'

/** A span that only carries its context on: not sampled, suppressed, beyond a limit, or a remote parent. */
export class NonRecordingSpan {
  readonly #context: SpanContext

  constructor(context: SpanContext) {
    this.#context = context
  }

  spanContext(): SpanContext {
    return this.#context
  }

  isRecording(): boolean {
    return false
  }

  setAttribute(_key: string, _value: unknown): this {
    return this
  }

  setAttributes(_attributes: object): this {
    return this
  }

  put(_key: string, _value: unknown): void {}

  addEvent(_name: string, _attributesOrTime?: unknown, _time?: unknown): this {
    return this
  }

  addLink(_link: unknown): this {
    return this
  }

  addLinks(_links: unknown): this {
    return this
  }

  setStatus(_status: unknown): this {
    return this
  }

  updateName(_name: string): this {
    return this
  }

  recordException(_exception: unknown, _time?: unknown): void {}

  addLog(_severity: unknown, _body: string, _attributes?: unknown): boolean {
    return false
  }

  end(_time?: unknown): void {}
}

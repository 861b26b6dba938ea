import { chromeParts } from './interop/chrome/encode.ts'
import { jsonParts as jaegerParts } from './interop/jaeger/encode.ts'
import { mermaidParts } from './interop/mermaid/encode.ts'
import { jsonParts } from './interop/otlp/encode.ts'
import { zipkinParts } from './interop/zipkin/encode.ts'
import type { FileFormat } from './serve/files.ts'

const json = 'application/json; charset=utf-8'

/** What a trace can be taken away as, by the name that `?format=` gives. */
export const fileFormats: Readonly<Record<string, FileFormat>> = {
  otlp: { extension: 'otlp.json', contentType: json, write: jsonParts },
  jaeger: { extension: 'jaeger.json', contentType: json, write: jaegerParts },
  zipkin: { extension: 'zipkin.json', contentType: json, write: zipkinParts },
  chrome: { extension: 'chrome.json', contentType: json, write: chromeParts },
  mermaid: { extension: 'mmd', contentType: 'text/plain; charset=utf-8', write: mermaidParts }
}

import type { Severity } from '../base/span-data.ts'
import type { SummaryData } from '../trace/summary.ts'

// The numbers that encoder and decoder agree on; both follow the picture above the encoder.

export const headFlag = { ingest: 0x10, plain: 0x20, dropped: 0x40, implied: 0x80 } as const

/** In a span's first flags; `index` is that of a span that stands before it in the record. */
export const parentCode = { mask: 0x60, bytes: 0x20, index: 0x40, texts: 0x60 } as const

/** In the place of a root span's name: method, space, route, as the semantic conventions name a request. */
export const impliedName = 0xff

export const extra = {
  traceState: 0x01,
  statusMessage: 0x02,
  events: 0x04,
  links: 0x08,
  logs: 0x10,
  dropped: 0x20,
  flags: 0x40
} as const

export const roots: readonly SummaryData['root'][] = ['true root', 'remote parent', 'late']
export const noises: readonly SummaryData['noise'][] = ['', 'health', 'static']

/** Two figures in the four bits of a head's flags; their index in the lists above, without a search. */
export function kindBits(root: SummaryData['root'], noise: SummaryData['noise']): number {
  const rootBits = root === 'true root' ? 0 : root === 'remote parent' ? 1 : 2
  const noiseBits = noise === '' ? 0 : noise === 'health' ? 1 : 2
  return rootBits | (noiseBits << 2)
}

export const severities: readonly Severity[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

export interface Built {
  sizes: { name: string; gzip: number; first: boolean }[]
  /** Bytes, gzipped, that a browser fetches before the list stands. */
  total: number
}

export function buildPage(out?: string, options?: { checks?: boolean }): Promise<Built>

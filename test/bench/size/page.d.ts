export interface PageBytes {
  first: number
  files: number
  lazy: { name: string; bytes: number }[]
}
/** Bytes of the page, gzipped as they are sent. */
export function pageBytes(): PageBytes

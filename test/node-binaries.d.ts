export function keptBinary(version: string): string | undefined
export function nodeBinary(
  version: string,
  options?: { update?: boolean; say?: (line: string) => void; timeoutMs?: number }
): string | undefined

/** Packages and bytes of what a folder has installed, with all that it depends on. */
export function closure(names: readonly string[], from: string): { packages: number; bytes: number }

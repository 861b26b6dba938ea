import type { Plugin } from 'esbuild'

export function buildPackage(out: string, plugins?: Plugin[]): Promise<void>

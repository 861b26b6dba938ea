import type { ComponentType, VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { getInspect } from '../api.ts'
import { html, part } from '../html.ts'

type Page = ComponentType<{ traceId: string }>

/** The CPU profile's screen is a chunk of its own: few traces have one. */
export function LazyCpu({ traceId }: { traceId: string }): VNode {
  const [found, setFound] = useState<{ page: Page } | 'failed' | undefined>(undefined)
  useEffect(() => {
    import('../cpu/cpu.ts').then(
      ({ Cpu }) => setFound({ page: Cpu }),
      () => setFound('failed')
    )
  }, [])
  if (found === undefined) return html`<p class="wait muted">Loading…</p>`
  if (found === 'failed')
    return html`<p class="note" role="alert">This view could not be loaded. Is the process still there?</p>`
  return part(found.page, { traceId })
}

/** Whether there is a CPU profile of the trace. */
export function useProfiled(traceId: string): boolean {
  const [profiled, setProfiled] = useState(false)
  useEffect(() => {
    let current = true
    getInspect().then(
      ({ profiles }) => current && setProfiled(profiles.some((one) => one.traceId === traceId)),
      () => {}
    )
    return () => {
      current = false
    }
  }, [traceId])
  return profiled
}

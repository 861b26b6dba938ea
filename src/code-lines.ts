import type { Report } from './base/report.ts'
import { CallSites } from './code/call-sites.ts'
import { Excerpts } from './code/excerpts.ts'
import { Project } from './code/project.ts'
import { SourceMaps } from './code/source-maps.ts'
import { Sources } from './code/sources.ts'

interface CodeSetup {
  readonly root: string
  /** Whether the line that a span comes from is looked for. */
  readonly callSites: boolean
  readonly text: (text: string) => string
  readonly report: Report
  readonly now: () => number
}

export interface CodeLines {
  readonly callSites: CallSites | undefined
  readonly sources: Sources
}

/** What finds and shows lines of the application's code; both read its source maps. */
export function createCodeLines({ root, callSites, text, report, now }: CodeSetup): CodeLines {
  const project = new Project(root)
  const maps = new SourceMaps(project.root, now)
  const excerpts = new Excerpts(project.root, performance.timeOrigin)
  return {
    callSites: callSites ? new CallSites({ project, maps, text, report }) : undefined,
    sources: new Sources({ project, maps, excerpts })
  }
}

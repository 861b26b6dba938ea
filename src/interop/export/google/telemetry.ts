import { type Ask, ask } from '../ask.ts'
import type { Authorize } from '../destination.ts'
import { renewed } from '../renewed.ts'
import { findKeyFile, type GoogleSetup, type KeyFile, textOf } from './credentials.ts'
import { askMachine } from './machine.ts'
import { askToken } from './token.ts'

/** Google Cloud's OTLP endpoint; by HTTPS only, since whoever reads the token on the way could use it. */
export function isGoogleTelemetry({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' && hostname === 'telemetry.googleapis.com'
}

export interface GoogleTelemetry {
  readonly authorize: Authorize
  /** The project that spans belong to, for the resource attribute `gcp.project_id`; undefined while nothing names one. */
  readonly project: () => Promise<string | undefined>
}

/** What a destination at Google needs, with the process's application default credentials, which are looked for when the first request leaves. */
export function googleTelemetry({
  env,
  now = Date.now,
  ...own
}: Pick<GoogleSetup, 'env'> & { ask?: Ask; now?: () => number }): GoogleTelemetry {
  const setup: GoogleSetup = { env, now, ask: own.ask ?? ask }
  const token = renewed(async () => {
    const file = await findKeyFile(env)
    const found = await askToken(setup, file)
    return { ...found, quotaProject: quotaProjectOf(env, file) }
  }, now)
  const project = renewed(async () => ({ id: await findProject(setup), expiresAt: undefined }), now)
  return {
    async project() {
      return (await project().catch(() => undefined))?.id
    },
    async authorize(_request, refused) {
      const { token: bearer, quotaProject } = await token(refused)
      return {
        authorization: `Bearer ${bearer}`,
        ...(quotaProject !== undefined && { 'x-goog-user-project': quotaProject })
      }
    }
  }
}

// It goes into a header.
const projectShape = /^[\w.:-]+$/

function quotaProjectOf(env: GoogleSetup['env'], file: KeyFile | undefined): string | undefined {
  const project =
    env['GOOGLE_CLOUD_QUOTA_PROJECT'] || (file && textOf(file.fields, 'quota_project_id'))
  return project !== undefined && projectShape.test(project) ? project : undefined
}

async function findProject(setup: GoogleSetup): Promise<string> {
  const { env } = setup
  const named = env['GOOGLE_CLOUD_PROJECT'] || env['GCLOUD_PROJECT']
  if (named) return named
  const file = await findKeyFile(env)
  const known =
    file && (textOf(file.fields, 'project_id') ?? textOf(file.fields, 'quota_project_id'))
  if (known !== undefined) return known
  const answer = await askMachine(setup, 'project/project-id')
  if (answer.status === 200 && projectShape.test(answer.body.trim())) return answer.body.trim()
  throw new Error('no Google Cloud project is known: set GOOGLE_CLOUD_PROJECT')
}

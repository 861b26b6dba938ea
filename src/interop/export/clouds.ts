import type { Report } from '../../base/report.ts'
import type { TraceRecord } from '../../base/span-data.ts'
import { getAttribute } from '../../base/attributes.ts'
import { fitXray, xrayBatch } from './aws/limits.ts'
import type { AwsCredentialProvider } from './aws/credentials.ts'
import { signForXray } from './aws/xray.ts'
import { xrayRegion } from './address.ts'
import type { Destination } from './destination.ts'
import { fitGoogle } from './google/limits.ts'
import { googleTelemetry, isGoogleTelemetry } from './google/telemetry.ts'

export interface CloudSetup {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly report: Report
  readonly credentials?: AwsCredentialProvider | undefined
  readonly now?: () => number
}

/**
 * The destination as the cloud at its address wants it: with the process's own credentials and within the cloud's limits. Any other
 * destination stays as it is. An `authorization` of the user's own is left alone, and so are headers that a function of theirs gives.
 */
export function forCloud(destination: Destination, setup: CloudSetup): Destination {
  const url = new URL(destination.url)
  const region = xrayRegion(url)
  if (region !== undefined) return forXray(destination, region, setup)
  return isGoogleTelemetry(url) ? forGoogle(destination, setup) : destination
}

export function forXray(
  destination: Destination,
  region: string,
  { env, report, credentials, now = Date.now }: CloudSetup
): Destination {
  const { format, transport } = destination
  // What was given for gRPC has the path of its call.
  const url = transport === 'grpc' ? new URL('/v1/traces', destination.url).href : destination.url
  if (transport === 'grpc') report.once('AWS X-Ray takes OTLP over HTTP only: spans are sent so')
  return {
    ...destination,
    transport: 'http',
    url,
    maxBatch: xrayBatch,
    format: {
      ...format,
      body: (records) => format.body(fitXray(records, now(), count(report)))
    },
    ...unlessGiven(destination, signForXray({ region, env, credentials, now }))
  }
}

export function forGoogle(
  destination: Destination,
  { env, report, now = Date.now }: CloudSetup
): Destination {
  const { format } = destination
  const { authorize, project } = googleTelemetry({ env, now })
  return {
    ...destination,
    format: {
      ...format,
      async body(records) {
        const id = await project()
        const named = records.map((record) => inProject(record, id))
        if (named.some(({ resource }) => !hasProject(resource)))
          report.once('no Google Cloud project is known: set GOOGLE_CLOUD_PROJECT')
        return format.body(fitGoogle(named, count(report)))
      }
    },
    ...unlessGiven(destination, authorize)
  }
}

function unlessGiven(
  { headers, authorize: own }: Destination,
  authorize: Destination['authorize']
): Pick<Destination, 'authorize'> {
  const given = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')
  return given || own !== undefined ? {} : { authorize }
}

const projectKey = 'gcp.project_id'

function hasProject({ attributes }: TraceRecord['resource']): boolean {
  return getAttribute(attributes, projectKey) !== undefined
}

function inProject(record: TraceRecord, id: string | undefined): TraceRecord {
  const { resource } = record
  if (id === undefined || hasProject(resource)) return record
  return {
    ...record,
    resource: { ...resource, attributes: [projectKey, id, ...resource.attributes] }
  }
}

function count(report: Report): (spans: number) => void {
  return (spans) => report.drop('export over a limit', spans)
}

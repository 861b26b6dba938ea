/** Where each protocol is served when an address names no path: OTLP's specification, gRPC's name of the call, Zipkin's API. */
export const paths = {
  'http/protobuf': '/v1/traces',
  'http/json': '/v1/traces',
  grpc: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  zipkin: '/api/v2/spans'
} as const

export type ExportProtocol = keyof typeof paths

export function isHttp(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

/**
 * The whole address of a destination that is named by a base address or a whole one; that of another page of Spanlight is a base. A call of gRPC
 * has its own path whatever is named.
 */
export function addressOf(url: string, protocol: ExportProtocol): string {
  const address = new URL(url)
  const page = /^(.*\/_traces)\/?$/.exec(address.pathname)
  if (address.pathname === '/' || protocol === 'grpc') address.pathname = paths[protocol]
  else if (page !== null) address.pathname = page[1] + paths[protocol]
  return address.href
}

/** An address as it may be printed: user, password and query can be secrets. */
export function shown(url: string): string {
  const { origin, pathname } = new URL(url)
  return pathname === paths.grpc ? origin : origin + pathname
}

// Also of China's regions, of addresses for IPv6, and of a private network's own.
const xrayHost =
  /(?:^|\.)xray(?:-fips)?\.([a-z]{2}[a-z0-9-]*)\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)$/

/** The region of an X-Ray endpoint; undefined for any other address. */
export function xrayRegion({ hostname }: URL): string | undefined {
  return xrayHost.exec(hostname)?.[1]
}

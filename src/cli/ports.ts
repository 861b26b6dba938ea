import { listening } from '../base/listening.ts'
import { createGuard } from '../base/safely.ts'
import { createSegmentReceiver } from '../interop/xray/receiver.ts'
import { createGrpcServer } from '../serve/grpc/server.ts'
import { isLoopbackAddress } from '../serve/hosts.ts'
import { type Hub, mountPath } from './hub.ts'
import { httpServer } from './http-server.ts'

/** A standard port on which the hub is found. */
export interface Port {
  readonly name: string
  /** The option that moves it. */
  readonly option: string
  readonly standard: number
  /** Without it there is no hub; the others are left out where their port is taken. */
  readonly needed: boolean
  /** What it is for. */
  readonly about: string
  /** Who usually has the port. */
  readonly usually: string
  /** Which of the tally's counts are its own, by what their names begin with; '' where it takes no spans. */
  readonly counts: string
  /** Of its address: `http:`. */
  readonly scheme: string
  /** Its senders have no token: where others need one it is opened only when it is asked for. */
  readonly tokenless?: boolean
  /** Gives the port that it got; rejects where that one is taken or not allowed. */
  readonly open: (hub: Hub, port: number, host: string) => Promise<number>
}

/**
 * Those of HTTP are ways to addresses below the mount path, so that the gate, the limits and the answers are those of the page's own server.
 */
export const ports: readonly Port[] = [
  {
    name: 'OTLP/HTTP',
    option: 'port',
    standard: 4318,
    needed: true,
    about: 'spans as protobuf and JSON, and this page',
    usually: 'an OpenTelemetry Collector, Jaeger or another hub',
    counts: 'otlp',
    ...http((url) => (url.startsWith(mountPath) ? url : below(url, '/v1/', '/v1/')))
  },
  {
    name: 'OTLP/gRPC',
    option: 'grpc-port',
    standard: 4317,
    needed: true,
    about: 'spans',
    usually: 'an OpenTelemetry Collector or Jaeger',
    counts: 'grpc',
    scheme: 'http:',
    open: ({ senders, tally, report }, port, host) =>
      createGrpcServer({ senders: tally.apart('grpc', senders), report }).listen(port, host)
  },
  {
    name: 'Zipkin',
    option: 'zipkin-port',
    standard: 9411,
    needed: false,
    about: "spans of Zipkin's senders, and the API of its page",
    usually: 'a Zipkin server',
    counts: 'zipkin',
    // Zipkin's page is at `/zipkin`, and asks below it, too. Senders of version 1 are told that it is not taken.
    ...http(
      (url) =>
        below(url, '/api/v2/', '/api/v2/') ??
        below(url, '/api/v1/', '/api/v1/') ??
        below(url, '/zipkin/api/', '/api/') ??
        below(url, '/zipkin/', '/zipkin/') ??
        (/^\/(?:health|info)(?:\?|$)/.test(url) ? `${mountPath}/zipkin${url}` : undefined)
    )
  },
  {
    name: 'Jaeger',
    option: 'jaeger-port',
    standard: 16_686,
    needed: false,
    about: "the API of Jaeger's page, for that and Grafana",
    usually: "Jaeger's own page",
    counts: '',
    ...http((url) => below(url, '/api/', '/jaeger/api/'))
  },
  {
    name: 'X-Ray',
    option: 'xray-port',
    standard: 2000,
    needed: false,
    about: "segments of AWS X-Ray's SDKs, from this machine",
    usually: 'the X-Ray daemon',
    counts: 'xray',
    tokenless: true,
    scheme: 'udp:',
    open: ({ senders: { intake }, report }, port, host) =>
      createSegmentReceiver({
        take: (body, format) => intake.take(format, () => body),
        admits: isLoopbackAddress,
        report
      }).listen(port, host)
  }
]

/** `address` gives what stands for an address below the mount path; undefined for no address. */
function http(address: (url: string) => string | undefined): Pick<Port, 'scheme' | 'open'> {
  return {
    scheme: 'http:',
    open: (hub, port, host) =>
      listening(httpServer(hub, address), port, host, createGuard('a port', hub.report).failed)
  }
}

function below(url: string, prefix: string, place: string): string | undefined {
  return url.startsWith(prefix) ? mountPath + place + url.slice(prefix.length) : undefined
}

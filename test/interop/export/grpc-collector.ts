import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServiceDefinition
} from '@grpc/grpc-js'
import { paths } from '../../../src/interop/export/address.ts'
import { Request, Response } from '../../bench/ingest/otlp.js'

const service: ServiceDefinition = {
  Export: {
    path: paths.grpc,
    requestStream: false,
    responseStream: false,
    requestSerialize: (value: Buffer) => value,
    requestDeserialize: (value: Buffer) => value,
    responseSerialize: (value: object) => Buffer.from(Response.encode(value).finish()),
    responseDeserialize: (value: Buffer) => value
  }
}

export interface Call {
  readonly names: string[]
  readonly metadata: Record<string, unknown>
}
type Answer = (nth: number) => object

/** The server that grpc-js makes, which answers with a message or with an error that has a code. */
export async function grpcCollector(
  answer: Answer = () => ({}),
  credentials = ServerCredentials.createInsecure(),
  port = 0,
  options: ServerOptions = {}
) {
  const calls: Call[] = []
  const server = new Server(options)
  server.addService(service, {
    Export: (
      call: { request: Buffer; metadata: Metadata },
      done: (error: object | null, value?: object) => void
    ) => {
      const { resourceSpans = [] } = Request.toObject(Request.decode(call.request))
      const spans = resourceSpans.flatMap((one: { scopeSpans: { spans: { name: string }[] }[] }) =>
        one.scopeSpans.flatMap((group) => group.spans)
      )
      calls.push({
        names: spans.map(({ name }: { name: string }) => name),
        metadata: call.metadata.getMap()
      })
      const value = answer(calls.length)
      if ('code' in value) done(value)
      else done(null, value)
    }
  })
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, at) =>
      error === null ? resolve(at) : reject(error)
    )
  )
  const kill = (): void => server.forceShutdown()
  return { calls, kill, port: bound, url: `http://127.0.0.1:${bound}` }
}

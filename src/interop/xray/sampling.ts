import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listening } from '../../base/listening.ts'
import type { Guard } from '../../base/safely.ts'
import { tracedServer } from '../../base/traced-server.ts'

interface SamplingSetup {
  readonly guard: Guard
  readonly admits: (address: string) => boolean
}

interface SamplingServer {
  listen(port: number, host: string): Promise<number>
  close(): void
}

/** X-Ray's own default rule, but for its rate: here everything is to be seen. The SDKs take rules only as complete as this. */
const everything = {
  RuleName: 'Default',
  RuleARN: 'arn:aws:xray:local:0:sampling-rule/Default',
  ResourceARN: '*',
  Priority: 10_000,
  FixedRate: 1,
  ReservoirSize: 0,
  ServiceName: '*',
  ServiceType: '*',
  Host: '*',
  HTTPMethod: '*',
  URLPath: '*',
  Version: 1,
  Attributes: {}
}

/** What SDKs ask the daemon for again and again; without an answer they sample by a rule of their own, one in twenty, and print errors. */
const answers: ReadonlyMap<string | undefined, object> = new Map<string, object>([
  [
    '/GetSamplingRules',
    { SamplingRuleRecords: [{ CreatedAt: 0, ModifiedAt: 0, SamplingRule: everything }] }
  ],
  [
    '/SamplingTargets',
    {
      LastRuleModification: 0,
      SamplingTargetDocuments: [{ RuleName: everything.RuleName, FixedRate: 1, Interval: 60 }],
      UnprocessedStatistics: []
    }
  ]
])

/** Answers are the same for everybody, and hold nothing of what was received. */
export function createSamplingServer({ guard, admits }: SamplingSetup): SamplingServer {
  const server = createServer({ maxHeaderSize: 8192 }, (req, res) => {
    guard(() => answer(req, res, admits(req.socket.remoteAddress ?? '')))
  })
  Object.defineProperty(server, tracedServer, { value: true })
  server.maxConnections = 64
  server.headersTimeout = 10_000
  server.requestTimeout = 10_000
  server.unref()
  server.on('connection', (socket) => socket.unref())
  return {
    listen: (port, host) => listening(server, port, host, guard.failed),
    close() {
      server.close()
      server.closeAllConnections()
    }
  }
}

function answer(req: IncomingMessage, res: ServerResponse, admitted: boolean): void {
  res.on('error', () => res.destroy())
  // A body that nobody reads would keep the connection from its next request; statistics are of no use here.
  req.resume()
  const body = admitted && req.method === 'POST' ? answers.get(req.url) : undefined
  res.writeHead(body === undefined ? (admitted ? 404 : 403) : 200, {
    'Content-Type': 'application/json'
  })
  res.end(JSON.stringify(body ?? { message: 'only sampling rules are to be had here' }))
}

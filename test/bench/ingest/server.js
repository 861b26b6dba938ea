// The process that is sent spans: Spanlight, or a server that only decodes what it is sent, with what there is for that.
import { createServer } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { traced } from 'spanlight/http'
import { answer } from '../child.js'
import { peer } from '../peers/install.js'

const listeners = {
  spanlight: () => traced((_req, res) => res.end(), { service: 'bench', access: 'local' }),
  protobufjs: () => {
    const { opentelemetry } = peer('@opentelemetry/otlp-transformer/build/src/generated/root.js')
    const { ExportTraceServiceRequest } = opentelemetry.proto.collector.trace.v1
    return decoding((body) => ExportTraceServiceRequest.decode(body))
  },
  json: () => decoding((body) => JSON.parse(body.toString()))
}

let decoded = 0

function decoding(decode) {
  return (req, res) => {
    const chunks = []
    req.on('data', (chunk) => chunks.push(chunk))
    req.on('end', () => {
      for (const { scopeSpans } of decode(Buffer.concat(chunks)).resourceSpans)
        for (const { spans } of scopeSpans) decoded += spans.length
      res.end()
    })
  }
}

const server = createServer(listeners[process.argv[2]]())
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
const delay = monitorEventLoopDelay({ resolution: 1 })

answer({
  decoded: () => ({ spans: decoded }),
  cpu() {
    const { user, system } = process.cpuUsage()
    return { us: user + system }
  },
  watch() {
    delay.reset()
    delay.enable()
  },
  // Of the last turn, too, which is measured when the next one begins.
  async blocked() {
    const { count } = delay
    while (delay.count === count) await sleep(1)
    delay.disable()
    return { longest: delay.max / 1e6 }
  }
})

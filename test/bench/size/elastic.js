import 'node:http'
import 'node:https'
import { peer } from '../peers/install.js'

const began = performance.now()
const agent = peer('elastic-apm-node').start({
  serviceName: 'bench',
  logLevel: 'off',
  centralConfig: false,
  cloudProvider: 'none'
})
const ms = performance.now() - began
process.send({ ms, mounted: agent.isStarted() && agent.startTransaction('probe')?.id.length > 0 })

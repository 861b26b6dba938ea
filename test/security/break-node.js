// What else may run in a process: other people's patches of Node's functions, which throw. Only what the application itself does not use is
// broken, so that it can be told what it is to answer.
import dns from 'node:dns'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import tls from 'node:tls'
import zlib from 'node:zlib'

const broken = (name) => () => {
  throw new Error(`${name} is broken`)
}
const patches = {
  '': () => {},
  'http.request': () => {
    http.request = broken('http.request')
    https.request = broken('https.request')
  },
  'http.Agent': () => {
    const { addRequest } = http.Agent.prototype
    // The application's own requests have the global one.
    http.Agent.prototype.addRequest = function (...args) {
      if (this !== http.globalAgent) broken('http.Agent')()
      return addRequest.apply(this, args)
    }
  },
  'http2.connect': () => void (http2.connect = broken('http2.connect')),
  'tls.connect': () => void (tls.connect = broken('tls.connect')),
  'net.connect': (ports) => {
    const { connect } = net.Socket.prototype
    net.Socket.prototype.connect = function (...args) {
      const [options] = args.flat()
      if (ports.has(String(options.port))) broken('net.connect')()
      return connect.apply(this, args)
    }
  },
  'dns.lookup': () => {
    const { lookup } = dns
    dns.lookup = (host, ...rest) =>
      net.isIP(host) === 0 ? broken('dns.lookup')() : lookup(host, ...rest)
  },
  'zlib.gzip': () => void (zlib.gzip = broken('zlib.gzip'))
}

export function breakNode(name, destinations) {
  // Names of clouds lead to this machine, on which nobody is.
  const { lookup } = dns
  dns.lookup = (host, ...rest) =>
    lookup(/\.(?:amazonaws|googleapis)\.com$/.test(host) ? '127.0.0.1' : host, ...rest)
  patches[name](new Set(destinations.map(({ url }) => new URL(url).port)))
  syncBuiltinESMExports()
}

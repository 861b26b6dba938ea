import { randomBytes } from 'node:crypto'

type Put = (place: string) => string
type Json = Record<string, unknown>

const hex = (bytes: number): string => randomBytes(bytes).toString('hex')

/** What senders of any format call the parts of a request, with a secret in each value. */
export function secretTags(secret: Put): Record<string, string> {
  const statement = (name: string): string =>
    `SELECT * FROM users WHERE a = '${secret(name)}' -- ${secret(name)}`
  return {
    password: secret('a name'),
    note: `uses Bearer ${secret('a form')}`,
    authorization: `Basic ${secret('a header')}`,
    'http.request.header.x-api-key': secret('a captured header'),
    'http.url': `https://ann:${secret('userinfo')}@shop/p?token=${secret('a URL')}#sig=${secret('a fragment')}`,
    'http.target': `/p?api_key=${secret('a target')}`,
    'http.path': `/p?access_token=${secret('a path')}`,
    'url.full': `https://shop/?X-Amz-Signature=${secret('a signature')}`,
    'url.path': `/p?session=${secret('a path with a query')}`,
    'url.query': `password=${secret('a query')}`,
    'db.statement': statement('a statement'),
    'db.query.text': statement('a query text'),
    'sql.query': statement('a statement of Brave'),
    'db.user': `postgres://ann:${secret('a connection')}@db/shop`,
    baggage: `tenant=7,token=${secret('baggage')}`,
    cookie: `sid=${secret('a cookie')}`,
    error: `refused: password=${secret('an error')}`
  }
}

const micros = (): number => Date.now() * 1000

export function zipkinBody(secret: Put, plain: Put): Json[] {
  const timestamp = micros()
  return [
    {
      traceId: hex(16),
      id: hex(8),
      name: `get /p?token=${secret('name')}`,
      kind: 'CLIENT',
      timestamp,
      duration: 1000,
      localEndpoint: { serviceName: plain('service') },
      remoteEndpoint: { serviceName: `redis://:${secret('peer')}@cache` },
      annotations: [
        { timestamp, value: `sent Bearer ${secret('annotation')}` },
        { timestamp, value: `"login": {"password":"${secret('annotation of OpenTelemetry')}"}` }
      ],
      tags: { ...secretTags(secret), order: plain('tag') }
    }
  ]
}

export function jaegerBody(secret: Put, plain: Put): Json {
  const traceID = hex(16)
  const tag = ([key, value]: [string, string]): Json => ({ key, type: 'string', value })
  const span: Json = {
    traceID,
    spanID: hex(8),
    operationName: `get /p?token=${secret('name')}`,
    startTime: micros(),
    duration: 1000,
    references: [],
    processID: 'p1',
    tags: Object.entries({
      ...secretTags(secret),
      'w3c.tracestate': `token=${secret('trace state')}`,
      'otel.status_description': `password=${secret('status')}`,
      order: plain('tag')
    }).map(tag),
    logs: [
      {
        timestamp: micros(),
        fields: [
          tag(['event', 'error']),
          tag(['message', `pwd=${secret('log message')}`]),
          tag(['stack', `Error\n at https://a:${secret('stack')}@h/x.js`])
        ]
      },
      { timestamp: micros(), fields: [tag(['message', `token=${secret('line')}`])] }
    ]
  }
  const process = {
    serviceName: plain('service'),
    tags: [tag(['cloud.access_key', secret('process')])]
  }
  return { data: [{ traceID, spans: [span], processes: { p1: process } }] }
}

export function chromeBody(secret: Put, plain: Put): Json {
  const [pid, tid] = [1, 1]
  return {
    traceEvents: [
      { ph: 'M', name: 'process_name', pid, args: { name: plain('service') } },
      { ph: 'M', name: 'thread_name', pid, tid, args: { name: `token=${secret('thread')}` } },
      {
        ph: 'X',
        name: `get /p?token=${secret('name')}`,
        cat: `password=${secret('category')}`,
        pid,
        tid,
        ts: micros(),
        dur: 1000,
        args: {
          ...secretTags(secret),
          data: {
            request: { password: secret('nested'), url: `/p?token=${secret('nested URL')}` }
          },
          order: plain('argument')
        }
      },
      { ph: 'i', name: 'log', pid, tid, ts: micros() + 1, args: { jwt: secret('instant') } }
    ]
  }
}

export function xrayBody(secret: Put, plain: Put): string {
  const start_time = Date.now() / 1000
  const trace_id = `1-${hex(4)}-${hex(12)}`
  const times = { start_time, end_time: start_time + 0.01 }
  const segment = {
    trace_id,
    id: hex(8),
    name: plain('service'),
    ...times,
    user: `Bearer ${secret('user')}`,
    http: {
      request: {
        method: 'GET',
        url: `/p?password=${secret('served target')}`,
        user_agent: `x token=${secret('agent')}`
      }
    },
    annotations: secretTags(secret),
    metadata: {
      default: {
        request: { headers: { authorization: secret('metadata'), cookie: [secret('list')] } },
        text: `https://a:${secret('metadata URL')}@h/`
      }
    },
    fault: true,
    cause: {
      exceptions: [
        {
          id: hex(8),
          type: 'Error',
          message: `no entry with password=${secret('exception')}`,
          stack: [{ path: `https://a:${secret('frame')}@h/x.js`, line: 1, label: 'f' }]
        }
      ]
    },
    subsegments: [
      {
        id: hex(8),
        name: `users@${plain('host')}`,
        ...times,
        namespace: 'remote',
        http: { request: { url: `https://a:b:${secret('userinfo')}@h/?sig=${secret('query')}` } },
        sql: {
          url: `jdbc:postgresql://ann:${secret('connection')}@db/shop?password=${secret('JDBC')}`,
          sanitized_query: `SELECT * FROM a WHERE b = '${secret('statement')}'`,
          database_type: 'PostgreSQL'
        }
      }
    ]
  }
  const served = {
    ...segment,
    id: hex(8),
    subsegments: [],
    http: { request: { url: `https://a@b:${secret('odd userinfo')}@h/?token=${secret('served')}` } }
  }
  return [segment, served]
    .map((one) => `{"format":"json","version":1}\n${JSON.stringify(one)}`)
    .join('\n')
}

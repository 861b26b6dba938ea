import { randomBytes } from 'node:crypto'

type Put = (place: string) => string

interface Puts {
  readonly secret: Put
  readonly plain: Put
}

const text = (key: string, value: string): object => ({ key, value: { stringValue: value } })

/** OTLP/HTTP JSON of another service, with a secret or an innocent value in each of its fields. */
export function ingestBody({ secret: hide, plain }: Puts): object {
  const secret: Put = (place) => hide(`ingested ${place}`)
  const keep: Put = (place) => plain(`ingested ${place}`)
  const id = (): string => randomBytes(16).toString('hex')
  const now = BigInt(Date.now()) * 1_000_000n
  const span = (fields: object): object => ({
    traceId: id(),
    spanId: id().slice(16),
    name: 'work',
    kind: 2,
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(now + 1_000_000n),
    ...fields
  })
  const attributes = (...list: object[]): object => span({ attributes: list })
  const statement = secret('statement')
  const both = (value: string): object => ({ kvlistValue: { values: [text('password', value)] } })
  const spans = [
    span({ name: `GET /?token=${secret('span name')}` }),
    span({ status: { code: 2, message: `no entry with password=${secret('status message')}` } }),
    span({ traceState: `session=${secret('trace state')}` }),
    attributes(text('api_key', secret('attribute by name'))),
    attributes(text('note', `uses Bearer ${secret('attribute by form')}`)),
    attributes(text('url.full', `https://a:${secret('URL')}@h/`)),
    attributes(text('http.url', `https://h/?sig=${secret('old URL')}`)),
    attributes(text('db.statement', `SELECT * FROM a WHERE b = '${statement}' -- ${statement}`)),
    attributes(text('db.query.text', `SET cart ${secret('command')}`)),
    attributes(text('http.request.header.authorization', secret('header'))),
    attributes({
      key: 'http.request.header.cookie',
      value: { arrayValue: { values: [{ stringValue: `a=${secret('cookie')}` }] } }
    }),
    attributes({ key: 'user', value: both(secret('map')) }),
    attributes({ key: 'list', value: { arrayValue: { values: [both(secret('map in a list'))] } } }),
    attributes({ key: 'secret.blob', value: { bytesValue: secret('bytes') } }),
    attributes({ key: 'session', value: both(secret('map of a secret name')) }),
    attributes(text(`ghp_${secret('attribute key')}`, 'x')),
    attributes(text('exception.stacktrace', `Error\n at https://a:${secret('stack')}@h/x.js`)),
    span({
      events: [
        { name: `login?pwd=${secret('event name')}`, timeUnixNano: String(now) },
        {
          name: 'x',
          timeUnixNano: String(now),
          attributes: [text('jwt', secret('event attribute'))]
        },
        {
          name: 'exception',
          timeUnixNano: String(now),
          attributes: [text('exception.message', `secret=${secret('exception')}`)]
        }
      ]
    }),
    span({
      links: [
        {
          traceId: id(),
          spanId: id().slice(16),
          attributes: [text('sid', secret('link attribute'))]
        },
        { traceId: id(), spanId: id().slice(16), traceState: `auth=${secret('link state')}` }
      ]
    }),
    span({ name: `GET /${keep('span name')}` }),
    span({ status: { code: 2, message: `no ${keep('status message')} left` } }),
    attributes(text('order.id', keep('attribute'))),
    attributes({ key: 'order', value: { kvlistValue: { values: [text('city', keep('map'))] } } }),
    span({
      events: [{ name: keep('event name'), attributes: [text('step', keep('event attribute'))] }]
    }),
    span({
      links: [{ traceId: id(), spanId: id().slice(16), attributes: [text('why', keep('link'))] }]
    })
  ]
  const resource = [
    text('service.name', keep('service')),
    text('cloud.access_key', secret('resource')),
    text('host.name', keep('host'))
  ]
  return {
    resourceSpans: [
      {
        resource: { attributes: resource },
        scopeSpans: [
          { scope: { name: `lib?token=${secret('scope')}`, version: keep('version') }, spans }
        ]
      }
    ]
  }
}

/** What an attacking page is told: `url` is the page's address at the victim, with a slash at its end. */
export interface Attack {
  readonly technique: string
  readonly url: string
}

/** What it got: the text it could read, '' when it could read none. */
export interface Loot {
  readonly text: string
  /** It got further than a refusal, whether or not it could read anything. */
  readonly opened: boolean
}

export const techniques = [
  'CORS GET',
  'no-cors GET',
  'page fetch',
  'text/plain POST',
  'JSON POST',
  'blind POST',
  'WebSocket',
  'script',
  'iframe'
] as const

export const further = [
  'client header',
  'event stream',
  'form POST',
  'image',
  'prefetch',
  'beacon',
  'worker',
  'wish POST',
  'wish with the client header',
  'inspection',
  'profile',
  'source',
  'runtime',
  'import POST',
  'import with the client header',
  'import form',
  'import beacon',
  'export',
  'export script',
  'export frame',
  'Zipkin POST',
  'Zipkin beacon',
  'Zipkin query',
  'Zipkin script',
  'Jaeger query',
  'Jaeger script',
  'Jaeger image',
  // The last: what is in it goes on loading.
  'popup'
] as const

/** Runs in the attacker's page: everything that it needs must stand inside. */
export async function attack({ technique, url }: Attack): Promise<Loot> {
  const nothing = { text: '', opened: false }
  const spans = JSON.stringify({
    resourceSpans: [
      {
        resource: {
          attributes: [{ key: 'service.name', value: { stringValue: 'poisoned' } }]
        },
        scopeSpans: [
          {
            spans: [
              {
                traceId: 'a'.repeat(32),
                spanId: 'b'.repeat(16),
                name: 'poisoned',
                startTimeUnixNano: '1700000000000000000'
              }
            ]
          }
        ]
      }
    ]
  })
  const zipkin = JSON.stringify([
    { traceId: 'a'.repeat(16), id: 'b'.repeat(16), name: 'poisoned', timestamp: 1.7e15 }
  ])
  const read = async (address: string, init?: RequestInit): Promise<Loot> => {
    try {
      const answer = await fetch(address, init)
      return { text: await answer.text(), opened: answer.ok }
    } catch {
      return nothing
    }
  }
  const element = (name: string, set: (one: any) => void): Promise<Loot> =>
    new Promise((resolve) => {
      const one = document.createElement(name) as any
      one.addEventListener('load', () => {
        let text = ''
        try {
          text = one.contentDocument?.documentElement.outerHTML ?? ''
        } catch {
          // Another origin: nothing can be read.
        }
        resolve({ text, opened: name !== 'iframe' || text.includes('Spanlight') })
      })
      one.addEventListener('error', () => resolve(nothing))
      set(one)
      document.body.append(one)
      setTimeout(() => resolve(nothing), 400)
    })
  const socket = (): Promise<Loot> =>
    new Promise((resolve) => {
      const one = new WebSocket(`${url.replace('http', 'ws')}live`, 'spanlight.v1')
      one.addEventListener('open', () => one.send(JSON.stringify({ type: 'since', seq: 0 })))
      one.addEventListener('message', ({ data }) => resolve({ text: String(data), opened: true }))
      one.addEventListener('error', () => resolve(nothing))
    })
  const stream = (): Promise<Loot> =>
    new Promise((resolve) => {
      const one = new EventSource(`${url}live?since=0`)
      one.addEventListener('open', () => resolve({ text: '', opened: true }))
      one.addEventListener('message', ({ data }) => resolve({ text: String(data), opened: true }))
      one.addEventListener('error', () => {
        one.close()
        resolve(nothing)
      })
    })
  const popup = async (): Promise<Loot> => {
    const one = window.open(url)
    await new Promise((resolve) => setTimeout(resolve, 600))
    try {
      return { text: one?.document.documentElement.outerHTML ?? '', opened: false }
    } catch {
      return nothing
    }
  }
  const form = async (path: string, text: string): Promise<Loot> => {
    const frame = document.createElement('iframe')
    frame.name = 'sink'
    const one = document.createElement('form')
    const action = `${url}${path}`
    Object.assign(one, { method: 'post', action, target: 'sink', enctype: 'text/plain' })
    // What is sent is the name, an equals sign and the value: with both it is JSON.
    const field = document.createElement('input')
    Object.assign(field, { name: text.slice(0, -1), value: text.slice(-1) })
    one.append(field)
    document.body.append(frame, one)
    one.submit()
    await new Promise((resolve) => setTimeout(resolve, 300))
    return nothing
  }
  const json = { 'content-type': 'application/json' }
  const wish = 'api/inspect?kind=bodies&method=GET&route=/poisoned&count=100'
  switch (technique) {
    case 'CORS GET':
      return read(`${url}api/traces`)
    case 'no-cors GET':
      return read(`${url}api/traces`, { mode: 'no-cors', credentials: 'include' })
    case 'page fetch':
      return read(url)
    case 'text/plain POST':
      return read(`${url}v1/traces`, { method: 'POST', mode: 'no-cors', body: spans })
    case 'JSON POST':
      return read(`${url}v1/traces`, { method: 'POST', headers: json, body: spans })
    case 'blind POST':
      return read(`${url}api/clear`, { method: 'POST', mode: 'no-cors' })
    case 'WebSocket':
      return socket()
    case 'script':
      return element('script', (one) => (one.src = `${url}api/traces`))
    case 'iframe':
      return element('iframe', (one) => (one.src = url))
    case 'client header':
      return read(`${url}api/clear`, { method: 'POST', headers: { 'x-spanlight': '1' } })
    case 'event stream':
      return stream()
    case 'form POST':
      return form('api/clear', '')
    case 'image':
      return element('img', (one) => (one.src = `${url}api/status`))
    case 'prefetch':
      return element('link', (one) =>
        Object.assign(one, { rel: 'prefetch', href: `${url}api/traces` })
      )
    case 'beacon':
      navigator.sendBeacon(`${url}v1/traces`, spans)
      navigator.sendBeacon(`${url}api/clear`)
      return nothing
    case 'popup':
      return popup()
    case 'wish POST':
      return read(`${url}${wish}`, { method: 'POST', mode: 'no-cors' })
    case 'wish with the client header':
      return read(`${url}${wish}`, { method: 'POST', headers: { 'x-spanlight': '1' } })
    case 'inspection':
      return read(`${url}api/inspect`)
    case 'profile':
      return read(`${url}api/traces/${'a'.repeat(32)}/profile`, { mode: 'no-cors' })
    case 'source':
      return read(`${url}api/traces/${'a'.repeat(32)}/spans/${'b'.repeat(16)}/source`)
    case 'runtime':
      return element('script', (one) => (one.src = `${url}api/traces/${'a'.repeat(32)}/runtime`))
    case 'import POST':
      return read(`${url}api/import`, { method: 'POST', mode: 'no-cors', body: spans })
    case 'import with the client header':
      return read(`${url}api/import`, {
        method: 'POST',
        headers: { 'x-spanlight': '1' },
        body: spans
      })
    case 'import form':
      return form('api/import', spans)
    case 'import beacon':
      navigator.sendBeacon(`${url}api/import`, spans)
      return nothing
    case 'export':
      return read(`${url}api/export?format=jaeger`, { headers: { 'x-spanlight': '1' } })
    case 'export script':
      return element('script', (one) => (one.src = `${url}api/export?format=otlp`))
    case 'export frame':
      return element('iframe', (one) => (one.src = `${url}api/export?format=html`))
    case 'Zipkin POST':
      return read(`${url}api/v2/spans`, { method: 'POST', mode: 'no-cors', body: zipkin })
    case 'Zipkin beacon':
      navigator.sendBeacon(`${url}api/v2/spans`, new Blob([zipkin], { type: 'text/plain' }))
      return nothing
    case 'Zipkin query':
      return read(`${url}api/v2/traces?limit=10`)
    case 'Zipkin script':
      return element('script', (one) => (one.src = `${url}api/v2/traces?limit=10`))
    case 'Jaeger query':
      return read(`${url}jaeger/api/traces?service=shop`, { mode: 'no-cors' })
    case 'Jaeger script':
      return element('script', (one) => (one.src = `${url}jaeger/api/traces?service=shop`))
    case 'Jaeger image':
      return element('img', (one) => (one.src = `${url}jaeger/api/services`))
    case 'worker':
      try {
        await navigator.serviceWorker.register(`${url}assets/app.js`)
        return { text: '', opened: true }
      } catch {
        return nothing
      }
  }
  throw new Error(`unknown technique ${technique}`)
}

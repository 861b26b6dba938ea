/** Texts that a page must show as what they are. Each tries to become a part of the document in a way of its own. */
export const hostile: readonly string[] = [
  '<xss-data data-xss onclick=__pwn()>x</xss-data>',
  '<img src=x data-xss onerror=__pwn()>',
  '"><script data-xss>__pwn()</script>',
  `'><svg/data-xss/onload=__pwn()>`,
  '</script><script data-xss>__pwn()</script>',
  '</title></textarea></style><xss-data></xss-data>',
  '<iframe data-xss srcdoc="<script>top.__pwn()</script>"></iframe>',
  '<a data-xss href="javascript:__pwn()">link</a>',
  '<form data-xss action=javascript:__pwn()><button>send</button></form>',
  '<math><mtext><table><mglyph><style><img data-xss onerror=__pwn()>',
  '<base data-xss href="//evil.test/">',
  '<link data-xss rel=stylesheet href="//evil.test/x.css">',
  '<meta data-xss http-equiv=refresh content="0;url=//evil.test">',
  '<style data-xss>*{background:url(//evil.test/x)}</style>',
  '" style="background:url(//evil.test/x)" data-xss="',
  '" onfocus=__pwn() autofocus data-xss="',
  'javascript:__pwn()//',
  'data:text/html,<script>parent.__pwn()</script>',
  '{{constructor.constructor("__pwn()")()}}',
  '${__pwn()}',
  '&lt;xss-data&gt;&#60;xss-data&#62;',
  '__proto__',
  'constructor',
  'toString',
  '\u202Egnp.exe\u202C\u200B\u0000\u001b[31mred',
  '\uD800 lone half',
  '-'.repeat(300) + '<xss-data>',
  'url(javascript:__pwn())',
  'red;background:url(//evil.test/y)',
  '%3Cxss-data%3E<!--<xss-data>-->'
]

type Json = Record<string, unknown>

/** OTLP JSON of one trace with a span for each text, which stands in every field that a span has. */
export function hostileBody(traceId: string): Json {
  const now = BigInt(Date.now()) * 1_000_000n
  const id = (i: number): string => (i + 1).toString(16).padStart(16, '0')
  const at = (i: number): string => String(now + BigInt(i) * 1_000_000n)
  const value = (text: string): Json => ({ stringValue: text })
  const keys = [
    'http.request.method http.request.method_original http.route url.path url.query url.full http.url user_agent.original server.address',
    'error.type db.system.name db.query.text db.query.summary db.collection.name code.file.path code.filepath code.function.name',
    'exception.type http.request.header.x-odd http.response.header.location client.address peer.service thread.name'
  ].flatMap((line) => line.split(' '))
  const spans = hostile.map((text, i) => {
    const named = (key: string): Json => ({ key, value: value(text) })
    const exception = ['exception.type', 'exception.message', 'exception.stacktrace'].map(named)
    return {
      traceId,
      spanId: id(i),
      ...(i > 0 && { parentSpanId: id(0) }),
      name: text,
      kind: (i % 5) + 1,
      traceState: text,
      startTimeUnixNano: at(i),
      endTimeUnixNano: at(i === 0 ? 100 : i + 1),
      status: { code: 2, message: text },
      attributes: [
        named(text),
        ...keys.map(named),
        { key: 'list', value: { arrayValue: { values: [value(text)] } } }
      ],
      events: [
        { timeUnixNano: at(i), name: text, attributes: [named(text), named('note')] },
        { timeUnixNano: at(i), name: 'exception', attributes: exception },
        {
          timeUnixNano: at(i),
          name: 'log',
          attributes: [
            { key: 'log.severity', value: value('error') },
            { key: 'log.body', value: value(text) }
          ]
        }
      ],
      links: [{ traceId: 'f'.repeat(32), spanId: 'e'.repeat(16), attributes: [named(text)] }]
    }
  })
  // One service for each third, so that the page has several to name.
  const groups = [0, 1, 2].map((third) => ({
    resource: {
      attributes: [
        { key: 'service.name', value: value(hostile[third] as string) },
        { key: hostile[third + 3], value: value(hostile[third + 6] as string) }
      ]
    },
    scopeSpans: [
      {
        scope: { name: hostile[third], version: hostile[third + 1] },
        spans: spans.filter((_span, i) => i % 3 === third)
      }
    ]
  }))
  return { resourceSpans: groups }
}

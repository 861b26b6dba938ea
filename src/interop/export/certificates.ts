import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Report } from '../../base/report.ts'
import type { TlsSettings } from './destination.ts'

const variables = { ca: 'CERTIFICATE', cert: 'CLIENT_CERTIFICATE', key: 'CLIENT_KEY' } as const

/**
 * The certificates that OTEL_EXPORTER_OTLP_(TRACES_)CERTIFICATE, _CLIENT_CERTIFICATE and _CLIENT_KEY name, read once. What cannot be read is
 * said and left out; the connection then fails where the other side insists on it.
 */
export function certificatesFrom(
  fileOf: (variable: string) => string,
  report: Pick<Report, 'once'>
): TlsSettings | undefined {
  const read = Object.entries(variables).flatMap(([name, variable]) => {
    const file = fileOf(variable)
    if (file === '') return []
    try {
      const pem = readFileSync(file, 'utf8')
      // Alone: a key and its certificate are compared only when both are there. Authorities that are no PEM are taken without a word.
      createSecureContext({ [name]: pem })
      if (!pem.includes('-----BEGIN ')) throw new TypeError('no PEM')
      return [[name, pem] as const]
    } catch (error) {
      const { code = 'no PEM' } = error as NodeJS.ErrnoException
      report.once(`the file of OTEL_EXPORTER_OTLP_${variable} is not used (${code})`)
      return []
    }
  })
  if (read.length === 0) return undefined
  const tls: TlsSettings = Object.fromEntries(read)
  try {
    createSecureContext(tls)
    return tls
  } catch {
    report.once('the files of OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and _CLIENT_KEY do not fit')
    return tls.ca === undefined ? undefined : { ca: tls.ca }
  }
}

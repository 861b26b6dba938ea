// What an application of the canary test works with.
import { request as httpRequest } from 'node:http'
import { trace } from '@opentelemetry/api'
import { withSpan } from 'spanlight'

export const tracer = trace.getTracer('shop')

export const attempt = async (work) => {
  try {
    await work()
  } catch {
    // The statement is refused; its text and the error's are what the test is about.
  }
}
export const sqlOf = (pool) => (text, parameters) => attempt(() => pool.query(text, parameters))
export const span = (work) => withSpan('work', (one) => work(one))
export const fails = (error) => attempt(() => withSpan('fails', () => fail(error)))
export const get = (url, headers = {}) =>
  new Promise((resolve) => {
    httpRequest(url, { headers }, (res) => res.resume().on('end', resolve))
      .on('error', resolve)
      .end()
  })

export const fail = async (error) => {
  throw error
}

export class Account {
  constructor(password) {
    this.owner = 'ann'
    this.password = password
  }

  login() {}
}

// The examples are JavaScript, as a reader would write them.
declare module '*/examples/express.js' {
  import type { Express } from 'express'
  export const app: Express
}
declare module '*/examples/guarded-staging.js' {
  import type { Express } from 'express'
  export const app: Express
}
declare module '*/examples/http.js' {
  import type { Server } from 'node:http'
  export const server: Server
}
declare module '*/examples/koa.js' {
  import type Koa from 'koa'
  export const app: Koa
}
declare module '*/examples/logs.js' {
  import type { Express } from 'express'
  import type { Logger } from 'pino'
  export const app: Express
  export const logger: Logger
}
declare module '*/examples/manual-spans.js' {
  import type { Express } from 'express'
  export const app: Express
}

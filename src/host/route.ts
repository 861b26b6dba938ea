import type { ServerResponse } from 'node:http'
import { clip, type Limits } from '../base/limits.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Span } from '../span/span.ts'
import { remembering } from './remember.ts'
import { read } from './read.ts'
import { pathOf, targetOf } from './request.ts'
import { fill, hideValue, joinPaths, routeText } from './template.ts'

/** A point where routers hang together: the path that led there, and the pattern it matched. */
interface Mount {
  readonly base: string
  readonly template: string
  readonly parent: Mount | undefined
}

const rootMount: Mount = { base: '', template: '', parent: undefined }

export interface RouteName {
  readonly route: string
  readonly name: string
}

/** The stored route and the span name of a method and a route. */
export type RouteNames = (method: string, route: string) => RouteName

const maxRoutes = 2000

/** Routes are the developer's and few: each is redacted and clipped once. Beyond the bound (a route made per request) nothing is remembered. */
export function routeNames(redactor: Redactor, limits: Limits): RouteNames {
  const known = new Map<string, Map<string, RouteName>>()
  let count = 0
  return (method, route) => {
    const ofMethod = known.get(method)
    const found = ofMethod?.get(route)
    if (found !== undefined) return found
    const text = redactor.text(route, limits.nameLength)
    const made = { route: text, name: redactor.text(`${method} ${text}`, limits.nameLength) }
    if (count++ >= maxRoutes) return made
    if (ofMethod === undefined) known.set(method, new Map([[route, made]]))
    else ofMethod.set(route, made)
    return made
  }
}

/** What becomes of a path with parameters whose names say that they are secret: `/reset/:token`. */
export interface PathRules {
  /** The secret ones among the parameters of a pattern. */
  secretsOf(pattern: string): readonly string[]
  /** A path as it may be stored. */
  clean(path: string): string
}

// `:name`, `*name`, `:"name"`, and a named group of a regular expression.
const parameterNames = /(?:[:*]"?|\(\?<)([\w$]+)/g

export function pathRules(redactor: Redactor, limits: Limits): PathRules {
  // The rule is asked what it would do with a text of that name.
  const isSecret = (name: string): boolean => redactor.attribute(name, 'x') !== 'x'
  return {
    secretsOf: remembering((pattern) =>
      [...pattern.matchAll(parameterNames)].map((match) => match[1] as string).filter(isSecret)
    ),
    clean: (path) => clip(redactor.path(path), limits.valueLength)
  }
}

/** The parts of a framework's request that say where routing stands. */
export interface RoutedRequest {
  readonly baseUrl?: unknown
  readonly params?: unknown
  readonly route?: { readonly path?: unknown } | undefined
  readonly url?: string | undefined
}

/**
 * Finds the route of one request while the routers work on it. At the end is too late: Express takes `baseUrl` and `params` back when an
 * error or `next()` leaves a router, and `baseUrl` holds the values of mount parameters, not their names.
 */
export class Routing {
  /** Asked at the end for the route of a framework that tells it on a context of its own. */
  source: { readonly _matchedRoute?: unknown; readonly params?: unknown } | undefined
  readonly #span: Span
  readonly #names: RouteNames
  readonly #paths: PathRules
  readonly #method: string
  #mount = rootMount
  #route = ''
  #routed = false

  /** The request's path without the secret values that were seen; undefined while there was none. */
  #path: string | undefined

  constructor(
    span: Span,
    method: string,
    { routes, paths }: { readonly routes: RouteNames; readonly paths: PathRules }
  ) {
    this.#span = span
    this.#method = method
    this.#names = routes
    this.#paths = paths
  }

  /** The pattern of the point that was entered last; '' at the root. */
  get mount(): string {
    return this.#mount.template
  }

  /** The route that was entered last, as it is stored; '' before there is one. */
  get route(): string {
    return this.#route
  }

  /** A mounted router or middleware is entered; `pattern` is its path as it was written, where the framework keeps it. */
  enterMount(req: RoutedRequest, pattern: unknown): void {
    const base = textOf(read(req, 'baseUrl'))
    let parent = this.#mount
    while (parent.parent !== undefined && !(isBelow(base, parent.base) && base !== parent.base))
      parent = parent.parent
    if (base === '') this.#mount = rootMount
    else {
      const part = base.slice(parent.base.length)
      const template = typeof pattern === 'string' ? pattern : fill(part, req.params)
      this.#mount = { base, template: joinPaths(parent.template, template), parent }
      this.#hide(template, req, req)
    }
  }

  /** A route of the router that is being walked has matched; `path` is the route's own. */
  enterRoute(req: RoutedRequest, path: unknown): void {
    const base = textOf(read(req, 'baseUrl'))
    let mount: Mount | undefined = this.#mount
    while (mount !== undefined && mount.base !== base) mount = mount.parent
    if (mount !== undefined) this.#mount = mount
    const template = mount === undefined ? fill(base, undefined) : mount.template
    const route = routeText(path, req)
    this.#found(joinPaths(template, route))
    this.#hide(route, req, req)
  }

  /** A framework says which of its routes a request belongs to, as it was written; `holder` has its parameters. */
  matched(route: string, req: RoutedRequest, holder: { readonly params?: unknown }): void {
    this.#found(route)
    this.#hide(route, req, holder)
  }

  /** What can be said when the answer is out. Lets go of the framework's objects. */
  settle(req: RoutedRequest, res: ServerResponse): void {
    const { source } = this
    this.source = undefined
    const matched = source?._matchedRoute
    if (source !== undefined && matched !== undefined && matched !== null) {
      this.matched(routeText(matched, undefined), req, source)
    }
    if (this.#routed) return
    const base = textOf(req.baseUrl)
    if (req.route?.path !== undefined) {
      this.#found(joinPaths(fill(base, req.params), routeText(req.route.path, req)))
    } else if (base !== '' && base === this.#mount.base && res.statusCode !== 404) {
      // No route, but the request never left a mounted handler: that one answered.
      this.#found(this.#mount.template)
    }
  }

  // Where a value is secret by its name, it is in the path, too.
  #hide(pattern: string, req: RoutedRequest, holder: { readonly params?: unknown }): void {
    const secrets = this.#paths.secretsOf(pattern)
    if (secrets.length === 0) return
    const { params } = holder
    if (typeof params !== 'object' || params === null) return
    this.#path ??= pathOf(targetOf(req))
    for (const name of secrets)
      this.#path = hideValue(this.#path, name, (params as Record<string, unknown>)[name])
    this.#span.put('url.path', this.#paths.clean(this.#path))
  }

  #found(route: string): void {
    const { route: text, name } = this.#names(this.#method, route)
    this.#routed = true
    this.#route = text
    this.#span.put('http.route', text)
    this.#span.name = name
  }
}

/** Whether a framework has left its marks on the request. */
export function isRouted({ route, baseUrl }: RoutedRequest): boolean {
  return route !== undefined || (baseUrl !== undefined && baseUrl !== '')
}

function isBelow(path: string, base: string): boolean {
  return path.startsWith(base) && (path.length === base.length || path[base.length] === '/')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

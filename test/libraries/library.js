import { join } from 'node:path'
import { npmFolder } from '../npm-folder.js'

const libraries = npmFolder(import.meta.dirname)
const otel3 = npmFolder(join(import.meta.dirname, 'otel-3'))

/** Requires one of the libraries that are traced, by the name it has in this folder's package.json: `library('mysql2-floor')`. */
export const library = libraries.require

/** Requires a package of OpenTelemetry's SDK 3. */
export const otel3Library = otel3.require

/** The version of each that is installed. */
export const { versions } = libraries

/** Sees to it that they are installed; undefined, or why they are not. */
export function install(say) {
  const why = 'Installing the libraries that are traced'
  return libraries.install(say, why) ?? otel3.install(say, why)
}

import { npmFolder } from '../npm-folder.js'

const libraries = npmFolder(import.meta.dirname)

/** Requires one of the libraries that are traced, by the name it has in this folder's package.json: `library('mysql2-floor')`. */
export const library = libraries.require

/** The version of each that is installed. */
export const { versions } = libraries

/** Sees to it that they are installed; undefined, or why they are not. */
export function install(say) {
  return libraries.install(say, 'Installing the libraries that are traced')
}

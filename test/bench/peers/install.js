import { npmFolder } from '../../npm-folder.js'

const peers = npmFolder(import.meta.dirname)

/** Requires one of the packages that Spanlight is only measured against. */
export const peer = peers.require
export const { missing, versions } = peers

/** They are no dependencies of the repository: 130 MB that no test needs. */
export function install(say) {
  return peers.install(say, 'installing what only the bench needs')
}

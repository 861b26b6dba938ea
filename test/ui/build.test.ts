import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildPage, type Built } from '../../ui/build.mjs'

interface Manifest {
  files: { name: string; type: string; hashed: boolean; gzip: boolean; br: boolean }[]
}

describe('the built page', () => {
  let folder: string
  let built: Built
  let manifest: Manifest

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spanlight-ui-'))
    built = await buildPage(folder)
    manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('fits its first load into 60 kB gzipped', () => {
    expect(built.total).toBeGreaterThan(20_000)
    expect(built.total).toBeLessThan(60_000)
  })

  test('has every file of its manifest, and the same bytes compressed', async () => {
    for (const { name, hashed, gzip, br, type } of manifest.files) {
      const plain = await readFile(join(folder, name))
      expect(type).toMatch(/^text\/\w+; charset=utf-8$/)
      expect(hashed).toBe(name.startsWith('assets/'))
      if (gzip) expect(gunzipSync(await readFile(join(folder, `${name}.gz`)))).toEqual(plain)
      if (br)
        expect(brotliDecompressSync(await readFile(join(folder, `${name}.br`)))).toEqual(plain)
    }
    const listed = manifest.files.flatMap(({ name, gzip, br }) => [
      name,
      ...(gzip ? [`${name}.gz`] : []),
      ...(br ? [`${name}.br`] : [])
    ])
    const present = (await readdir(folder, { recursive: true })).filter(
      (name) => name !== 'assets' && name !== 'manifest.json'
    )
    expect(present.sort()).toEqual(listed.sort())
  })

  test('has a shell that the mount path can be written into, with no inline script or style', async () => {
    const shell = await readFile(join(folder, 'index.html'), 'utf8')
    expect(shell.split('<base href="/">')).toHaveLength(2)
    expect(shell).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/i)
    const names = [...shell.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)].map(([, name]) => name)
    expect(names.length).toBeGreaterThan(3)
    for (const name of names) expect(manifest.files.map((file) => file.name)).toContain(name)
  })

  test('reaches for no other address', async () => {
    for (const { name } of manifest.files.filter((file) => /\.(?:js|css)$/.test(file.name))) {
      const text = await readFile(join(folder, name), 'utf8')
      const addresses = text.match(/\bhttps?:\/\/[\w.-]+/g) ?? []
      // Names of XML, and a hint in the text of an error; nothing that is ever fetched.
      expect(
        addresses.filter((address) => !/www\.w3\.org|^https:\/\/github\.com$/.test(address)),
        name
      ).toEqual([])
    }
  })

  test('leaves out of a saved page what only a process can fill', async () => {
    const saved = await readFile(join(folder, 'saved.html'), 'utf8')
    const left = ['map/map', 'cpu/cpu', 'files/menu', 'files/import-dialog', 'list/selection']
    // Each stands where it would be loaded, as an error.
    expect(saved.split('not in a saved page')).toHaveLength(left.length + 1)
    // The map's layout engine is the largest of all that the page may load.
    expect(saved).not.toContain('rankdir')
  })

  test('carries the notices of what is bundled', async () => {
    const notices = await readFile(join(folder, 'third-party-notices.txt'), 'utf8')
    for (const name of ['preact', '@preact/signals', 'preact-iso', 'htm', 'uplot', 'lucide']) {
      expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'))
    }
  })
})

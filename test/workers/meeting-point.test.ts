import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { knock, MeetingPoint, NoMeetingPoint } from '../../src/workers/meeting-point.ts'

let folder: string
let before: string | undefined
const servers: Server[] = []
const uid = process.getuid?.() ?? 0
const name = `${process.pid}-0123456789ab`

beforeEach(() => {
  before = process.env['TMPDIR']
  folder = mkdtempSync('/tmp/spanlight-meeting-')
  process.env['TMPDIR'] = folder
})

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))))
  if (before === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = before
  rmSync(folder, { recursive: true })
})

function newServer(): Server {
  const server = createServer((socket) => socket.destroy())
  servers.push(server)
  return server
}

const own = (): string => join(folder, `spanlight-${uid}`)

describe('the place where workers meet', () => {
  it('is taken by one of many that come at once', async () => {
    const points = Array.from({ length: 20 }, () => new MeetingPoint(name))
    const taken = await Promise.all(points.map((point) => point.claim(newServer())))
    expect(taken.filter((one) => one)).toHaveLength(1)
    expect(points.map((point) => point.held)).toEqual(taken)
    expect(readdirSync(own())).toEqual([`${name}.sock`])
    expect(await knock(points[0]?.address ?? '')).toBe('open')
  })

  it('is given up without harm to who has taken it since', async () => {
    const [first, second] = [new MeetingPoint(name), new MeetingPoint(name)]
    const server = newServer()
    await first.claim(server)
    const seen = first.stat()
    if (seen === undefined) throw new Error('nothing was claimed')
    second.remove(seen)
    expect(first.held).toBe(false)
    expect(await second.claim(newServer())).toBe(true)
    first.leave()
    await new Promise((done) => server.close(done))
    expect(second.held).toBe(true)
    expect(await knock(second.address)).toBe('open')
  })

  it('is not taken from who came after one that was seen to be gone', async () => {
    const [gone, fresh, late] = [0, 1, 2].map(() => new MeetingPoint(name)) as [
      MeetingPoint,
      MeetingPoint,
      MeetingPoint
    ]
    await gone.claim(newServer())
    const seen = gone.stat()
    if (seen === undefined) throw new Error('nothing was claimed')
    gone.leave()
    await fresh.claim(newServer())
    late.remove(seen)
    expect(fresh.held).toBe(true)
    expect(await late.claim(newServer())).toBe(false)
  })

  it.skipIf(process.platform === 'win32').each([
    [
      'others may enter',
      () => {
        mkdirSync(own())
        chmodSync(own(), 0o755)
      }
    ],
    [
      'is a link',
      () => {
        mkdirSync(join(folder, 'elsewhere'), { mode: 0o700 })
        symlinkSync(join(folder, 'elsewhere'), own())
      }
    ]
  ])('is none where %s', (_, prepare) => {
    prepare()
    expect(() => new MeetingPoint(name)).toThrow(NoMeetingPoint)
  })

  it('is none where its address would be cut', () => {
    process.env['TMPDIR'] = join(folder, 'x'.repeat(90))
    mkdirSync(process.env['TMPDIR'])
    expect(() => new MeetingPoint(name)).toThrow(/too long/)
  })

  it('is freed of what dead processes left, and of nothing else', async () => {
    mkdirSync(own(), { mode: 0o700 })
    // A file that nobody listens at, of a process that cannot be.
    writeFileSync(join(own(), '4194305-0123456789ab.sock'), '')
    writeFileSync(join(own(), 'notes.txt'), '')
    const point = new MeetingPoint(name)
    await point.claim(newServer())
    await expect.poll(() => readdirSync(own()).sort()).toEqual([`${name}.sock`, 'notes.txt'].sort())
    point.leave()
    expect(readdirSync(own())).toEqual(['notes.txt'])
  })
})

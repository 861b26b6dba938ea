import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt } from './build.js'
import { missing } from './peers/install.js'
import { measure, type Others, passing, startOthers } from './request/part.js'
import { contestants, type Framework, possible, settings } from './request/plan.js'
import { alone, figuresOf, type Samples, textOf } from './request/results.js'

describe('what the request part runs', () => {
  const here = { peersMissing: undefined, nodeOf: () => '/a/node' }
  const names = (who: readonly { name: string }[]) => who.map(({ name }) => name)

  it('has the bare server, the floor and OpenTelemetry wherever Spanlight is measured', () => {
    for (const all of [false, true])
      for (const { name, who } of possible(settings(all), here).settings)
        for (const handler of who.find((one) => one.name === 'spanlight')?.handlers ?? [])
          for (const other of ['bare', 'floor', 'otel, same spans'])
            expect(
              who.find((one) => one.name === other)?.handlers,
              `${name}, ${handler}: ${other}`
            ).toContain(handler)
  })

  it('leaves out what needs packages that are not installed, and says each with the reason', () => {
    const { settings: left, skipped } = possible(settings(false), {
      ...here,
      peersMissing: 'not to be had'
    })
    const express = left.find(({ name }) => name === 'express')?.who ?? []
    expect(names(express)).toEqual([
      'bare',
      'floor',
      'spanlight',
      'otel, same spans',
      'spanlight, no layers',
      'otel'
    ])
    expect(express.find(({ name }) => name === 'otel')?.handlers).toEqual(['trivial', 'five spans'])
    expect(skipped).toContainEqual({
      what: 'express, fetch: otel',
      why: 'not to be had'
    })
    expect(skipped).toContainEqual({ what: 'express, trivial: dd-trace', why: 'not to be had' })
  })

  it('leaves out another Node that is not to be had, and says so', () => {
    const nowhere = possible(settings(false), { ...here, nodeOf: () => undefined })
    expect(new Set(nowhere.settings.map(({ name }) => name))).toEqual(
      new Set(['express', 'koa', 'http'])
    )
    expect(nowhere.skipped).toEqual([{ what: 'node 24, express', why: 'no binary of Node 24' }])
  })
})

describe('figures of the request part', () => {
  const samples: Samples = {
    'express, trivial': {
      bare: [100, 200],
      floor: [110, 210],
      spanlight: [115, 215],
      'otel, same spans': [180, 280],
      otel: [200, 300]
    },
    [alone]: { express: [0.02, 0.04] }
  }
  const valueOf = (name: string) => figuresOf(samples).find((one) => one.name === name)?.value

  it('compare what each contestant adds to the bare server of its own round', () => {
    expect(valueOf('express, trivial: CPU, spanlight')).toBe(165)
    expect(valueOf('express, trivial: added, spanlight')).toBe(15)
    expect(valueOf("express, trivial: added, of otel's")).toBeCloseTo(0.15)
    expect(valueOf("express, trivial: added, of otel's with the same spans")).toBeCloseTo(0.1875)
    expect(valueOf("express, trivial: added, of the floor's")).toBeCloseTo(1.5)
    expect(valueOf("express, trivial: added, of dd-trace's")).toBeUndefined()
    expect(valueOf('off, alone: express')).toBeCloseTo(0.03)
  })

  it('compare what others record without layers with what Spanlight adds without them', () => {
    const layered = { ...samples['express, trivial'], 'spanlight, no layers': [105, 205] }
    const figures = figuresOf({ 'express, trivial': layered })
    const of = (words: string) =>
      figures.find(({ name }) => name === `express, trivial: added, of ${words}`)?.value
    expect(of("otel's")).toBeCloseTo(0.15)
    expect(of("otel's with the same spans")).toBeCloseTo(5 / 80)
    expect(of("the floor's")).toBeCloseTo(0.5)
  })

  it('do not count as met what is divided by nothing', () => {
    const noise = { 'express, trivial': { bare: [100], floor: [99], spanlight: [120] } }
    const floor = figuresOf(noise).find(({ name }) => name.endsWith("of the floor's"))
    expect(floor?.met).toBe(false)
  })

  it('are a line for each case, with a column for each contestant', () => {
    const [, head, line] = textOf(samples, figuresOf(samples)).split('\n')
    expect(head).toMatch(/^ +bare +floor +spanlight +otel, same spans +otel$/)
    expect(line).toMatch(/^express, trivial +150 +\+10 +\+15 +\+80 +\+100$/)
  })
})

describe('contestants of the request part', () => {
  let others: Others
  beforeAll(async () => {
    ensureBuilt(() => {})
    others = await startOthers()
  })
  afterAll(() => others.stop())

  // Those that need more than a checkout has are here where the bench has installed it.
  const { settings: all } = possible(settings(), {
    peersMissing: missing(),
    nodeOf: () => undefined
  })

  it.each(all)('record every span they should: $name', async (setting) => {
    for (const contestant of setting.who) {
      const us = await measure(contestant, { framework: setting.framework, scale: 0.02 }, others)
      expect(Object.keys(us), contestant.name).toEqual(contestant.handlers)
      expect(Object.values(us).every((value) => value > 0)).toBe(true)
    }
  })

  it('fail when they have recorded anything else', async () => {
    const spans: Record<Framework, number> = { express: 2, koa: 2, http: 2 }
    for (const [script, recorded] of [
      ['bare.js', 0],
      ['floor.js', 96]
    ] as const) {
      const idle = { name: 'idle', script, spans, handlers: ['trivial'] }
      await expect(measure(idle, { framework: 'express', scale: 0.02 }, others)).rejects.toThrow(
        `idle recorded ${recorded} spans of 96 requests (express, trivial), not 192`
      )
    }
  })

  it('have a name that no other has', () => {
    expect(new Set(contestants.map(({ name }) => name)).size).toBe(contestants.length)
  })

  it('pass every request when they are off', async () => {
    expect(Object.keys(await passing())).toEqual(['express', 'koa', 'http'])
  })
})

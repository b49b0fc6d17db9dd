import { describe, expect, test } from 'vitest'
import { createActor, setup } from 'xstate'
import type { ResolverInput } from '../../src/actors.ts'
import type { Family } from '../../src/endpoint.ts'
import { HeapClock } from '../../src/sim/clock.ts'
import { VirtualNames, virtualResolver } from '../../src/sim/resolver.ts'
import { type ScenarioInput, parseScenario } from '../../src/sim/scenario.ts'

const BOTH: readonly Family[] = ['ipv4', 'ipv6']

function namesOf(names: ScenarioInput['names']) {
  const parsed = parseScenario({ config: { remotes: [{ host: 'a.test' }] }, names })
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems))
  return parsed.scenario.names
}

describe('VirtualNames', () => {
  const ask = (names: ScenarioInput['names'], host = 'vpn.test', families = BOTH) =>
    new VirtualNames(namesOf(names)).ask(host, families)
  const dual = [
    { address: '2001:db8::1', delayMs: 5 },
    { address: '198.51.100.1', delayMs: 30 },
  ]

  test('answers in the order listed, after the largest delay', () => {
    expect(ask({ 'vpn.test': dual })).toEqual({ afterMs: 30, addresses: ['2001:db8::1', '198.51.100.1'] })
  })

  test('R1 answers with the families that were asked for only', () => {
    expect(ask({ 'vpn.test': dual }, 'vpn.test', ['ipv6'])).toEqual({ afterMs: 5, addresses: ['2001:db8::1'] })
  })

  test('a name without an address of these families is ENODATA, one without any too', () => {
    expect(ask({ 'vpn.test': dual.slice(1) }, 'vpn.test', ['ipv6'])).toEqual({ afterMs: 30, code: 'ENODATA' })
    expect(ask({ 'vpn.test': [] })).toEqual({ afterMs: 0, code: 'ENODATA' })
  })

  test('an unknown name is ENOTFOUND at once', () => {
    expect(ask({}, 'vpn.test')).toEqual({ afterMs: 0, code: 'ENOTFOUND' })
    expect(ask({}, 'constructor')).toEqual({ afterMs: 0, code: 'ENOTFOUND' })
  })

  test('fails as scripted, or stays silent', () => {
    expect(ask({ 'vpn.test': { fail: 'EAI_AGAIN', afterMs: 10 } })).toEqual({ afterMs: 10, code: 'EAI_AGAIN' })
    expect(ask({ 'vpn.test': { fail: 'ENOTFOUND' } })).toEqual({ afterMs: 0, code: 'ENOTFOUND' })
    expect(ask({ 'vpn.test': { silent: true } })).toBe('silent')
  })

  test('a list of answers gives each query one, and the last one for ever', () => {
    const names = new VirtualNames(namesOf({ 'vpn.test': [dual, { fail: 'ESERVFAIL' }, { silent: true }, []] }))
    const replies = Array.from({ length: 5 }, () => names.ask('vpn.test', ['ipv4']))
    expect(replies).toEqual([
      { afterMs: 30, addresses: ['198.51.100.1'] },
      { afterMs: 0, code: 'ESERVFAIL' },
      'silent',
      { afterMs: 0, code: 'ENODATA' },
      { afterMs: 0, code: 'ENODATA' },
    ])
  })

  test('a change starts the list of answers anew, of that name only', () => {
    const names = new VirtualNames(namesOf({ 'a.test': [[], { silent: true }], 'b.test': [[], { silent: true }] }))
    for (const host of ['a.test', 'b.test']) names.ask(host, BOTH)
    names.change(namesOf({ 'a.test': [dual.slice(0, 1), { silent: true }] }))
    expect(names.ask('a.test', BOTH)).toEqual({ afterMs: 5, addresses: ['2001:db8::1'] })
    expect(names.ask('b.test', BOTH)).toBe('silent')
  })

  test('names have no case and no dot at the end; a star is any first label', () => {
    const names = { 'VPN.test': dual, '*.vpn.test.': { fail: 'EREFUSED' } }
    expect(ask(names, 'vpn.TEST.')).toMatchObject({ afterMs: 30 })
    expect(ask(names, '1f2e.vpn.test')).toMatchObject({ code: 'EREFUSED' })
    expect(ask(names, 'a.b.vpn.test')).toMatchObject({ code: 'ENOTFOUND' })
  })

  test('a literal is its own answer', () => {
    expect(ask({}, '198.51.100.1')).toEqual({ afterMs: 0, addresses: ['198.51.100.1'] })
    expect(ask({}, '198.51.100.1', ['ipv6'])).toEqual({ afterMs: 0, code: 'ENODATA' })
  })

  test('what is no address is passed on: the engine has to bear it', () => {
    expect(ask({ 'vpn.test': [{ address: 'junk' }] }, 'vpn.test', ['ipv6'])).toEqual({
      afterMs: 0,
      addresses: ['junk'],
    })
  })
})

describe('virtualResolver', () => {
  /** A root that asks once, and what it hears: `30 answered ...`. */
  function lookUp(names: ScenarioInput['names'], input: Partial<ResolverInput> = {}) {
    const world = { clock: new HeapClock(), names: new VirtualNames(namesOf(names)) }
    const log: string[] = []
    const machine = setup({ actors: { resolver: virtualResolver(() => world) } }).createMachine({
      initial: 'idle',
      states: {
        idle: { on: { ask: 'asking' } },
        asking: {
          invoke: {
            src: 'resolver',
            input: { query: 1, host: 'vpn.test', transport: 'tcp', families: BOTH, ...input },
          },
          on: {
            'resolver.*': {
              actions: ({ event }) => log.push(`${world.clock.now()} ${JSON.stringify(event)}`),
            },
            leave: 'idle',
          },
        },
      },
    })
    const actor = createActor(machine, { clock: world.clock })
    actor.start()
    actor.send({ type: 'ask' })
    expect(log, 'it spoke from its start').toEqual([])
    return { actor, log, ...world }
  }

  test('answers when it is time, never from its start, and then counts no more', () => {
    const { clock, log, names } = lookUp({ 'vpn.test': [{ address: '2001:db8::1', delayMs: 30 }] })
    expect(names.open).toBe(1)
    clock.runUntilIdle()
    expect(log).toEqual(['30 {"type":"resolver.answered","query":1,"addresses":["2001:db8::1"]}'])
    expect(names.open).toBe(0)
  })

  test('fails at stage resolve, with a sentence', () => {
    const { clock, log } = lookUp({}, { query: 7 })
    clock.runUntilIdle()
    expect(log).toEqual([
      '0 {"type":"resolver.failed","query":7,"failure":{"code":"ENOTFOUND","stage":"resolve","message":"the name does not exist"}}',
    ])
  })

  test.each([
    ['a late answer', [{ address: '2001:db8::1', delayMs: 30 }]],
    ['a silent name', { silent: true as const }],
  ])('%s is dropped when nobody wants it any more', (_, answer) => {
    const { actor, clock, log, names } = lookUp({ 'vpn.test': answer })
    clock.runUntil(10)
    expect([log, names.open]).toEqual([[], 1])
    actor.send({ type: 'leave' })
    expect([names.open, clock.results]).toEqual([0, 0])
    clock.runUntilIdle()
    expect(log).toEqual([])
  })

  test('an answered query is not counted off twice when its actor is stopped', () => {
    const { actor, clock, names } = lookUp({ 'vpn.test': [] })
    clock.runUntilIdle()
    const end = names.begin()
    actor.send({ type: 'leave' })
    expect(names.open).toBe(1)
    end()
    end()
    expect(names.open).toBe(0)
  })
})

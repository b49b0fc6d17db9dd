/**
 * Abort injected: a client is stopped after every event of recorded runs, and nothing may be left, nor come after. The
 * same with a listener that throws, and with sockets that err while they are closed.
 */
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Note } from '../../src/ledger.ts'
import { runScenario } from '../../src/sim/run-scenario.ts'
import type { ClientScenario } from '../../src/sim/scenario.ts'
import { catalogue } from '../scenarios/catalogue.ts'
import { clientByHand } from './by-hand.ts'
import { script } from './script.ts'

const RUNS = 40
/** Events of a run after which it is aborted, one after the other: the rest of a long one repeats itself. */
const EVENTS = 60

/** Half of them the catalogue's, half generated; each long enough to be worth it. */
const scenarios = [catalogue().map(({ scenario }) => scenario), fc.sample(script, { seed: 20_261_122, numRuns: 400 })]
const runs = scenarios
  .flatMap((half) =>
    spread(
      half.map((scenario) => ({ scenario, events: eventsOf(scenario) })).filter(({ events }) => events >= 10),
      RUNS / 2,
    ),
  )
  .map(({ scenario, events }, index) => {
    return { index, scenario, ends: Array.from({ length: Math.min(EVENTS, events) + 1 }, (_, at) => at) }
  })

/** So many of them, evenly taken from all. */
function spread<T>(items: readonly T[], count: number): readonly T[] {
  const slot = (i: number) => Math.floor((i * count) / items.length)
  return items.filter((_, i) => slot(i) !== slot(i - 1))
}

function eventsOf(scenario: ClientScenario): number {
  const { start, step } = clientByHand(scenario)
  start()
  let events = 0
  while (step()) events++
  return events
}

/** A client that has run through so many events. */
function runTo(scenario: ClientScenario, events: number) {
  const client = clientByHand(scenario)
  client.start()
  for (let i = 0; i < events; i++) client.step()
  return client
}

test(`${RUNS} runs are there to be aborted`, () => {
  expect(runs).toHaveLength(RUNS)
})

describe.each(runs)('run $index', ({ scenario, ends }) => {
  // A client that is stopped by a listener, in the midst of a step, is sent what that step still had to say; XState's
  // development build writes so to the console.
  beforeEach(() => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('C2 aborted after any event it leaves 0 sockets, timers, queries and results, and says nothing more', () => {
    for (const at of ends) {
      const client = runTo(scenario, at)
      client.stop()
      const told = client.notes.length
      expect({ at, left: client.left() }).toEqual({ at, left: [] })
      client.stop()
      client.world.clock.runUntilIdle()
      expect({ at, told: client.notes.length }).toEqual({ at, told })
    }
  })

  test('C2 in the midst of any note, though stops come twice, the script still ends without a leak', () => {
    for (const at of ends) {
      let seen = 0
      const { trace } = runScenario(scenario, {
        onNote: (_, { command }) => {
          if (seen++ < at) return
          command('stop')
          command('stop')
        },
      })
      expect({ at, over: seen <= at || /stopped|failed/.test(trace.at(-1) ?? '') }).toEqual({ at, over: true })
    }
  })

  test('C2 though every socket errs while it is closed', () => {
    for (const at of ends) {
      const client = runTo(scenario, at)
      const { network } = client.world
      const strike = network.strike.bind(network)
      network.strike = (socket) => {
        strike(socket)
        throw new Error('the socket broke while it was closed')
      }
      client.stop()
      expect({ at, left: client.left() }).toEqual({ at, left: [] })
    }
  })
})

describe('a listener of the program that throws', () => {
  // XState hands what a listener throws to the host, in a timeout of its own: caught here, and counted.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  function reported(): number {
    let count = 0
    for (; vi.getTimerCount() > 0; count++) expect(() => vi.advanceTimersToNextTimer()).toThrow('the listener threw')
    return count
  }

  test.each(runs)(
    'C2 run $index goes its way, aborted after any event it leaves nothing, and every throw is reported',
    ({ scenario, ends }) => {
      for (const at of ends) {
        const client = clientByHand(scenario)
        const calm = runTo(scenario, at)
        const heard: Note[] = []
        client.actor.on('*', (note) => {
          heard.push(note)
          throw new Error('the listener threw')
        })
        client.start()
        for (let i = 0; i < at; i++) client.step()
        calm.stop()
        client.stop()
        expect({ at, left: client.left() }).toEqual({ at, left: [] })
        expect(heard).toEqual(calm.notes)
        expect(reported()).toBe(heard.length)
      }
    },
  )
})

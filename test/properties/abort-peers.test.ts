/** Abort injected: one of two peers, or both, is stopped after every event of every scenario, and nothing may be left. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PEERS, type PeerName } from '../../src/sim/link-script.ts'
import { scenarioRunner } from '../../src/sim/run-scenario.ts'
import { peerCatalogue } from '../scenarios/catalogue.ts'

const run = scenarioRunner()
/** Events after which a run is aborted: the rest of a long one repeats itself. */
const EVENTS = 40

// XState's development build says so when a child ends in the very step in which its root was stopped.
beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe.each(peerCatalogue())('$name', ({ scenario: written }) => {
  // They end when we say so, and not before.
  const timeline = written.timeline.filter((entry) => !('do' in entry) || entry.do === 'network-changed')
  const scenario = { ...written, timeline }

  test.each<[string, readonly PeerName[]]>([
    ['a', ['a']],
    ['b', ['b']],
    ['both', PEERS],
  ])('C1 C2 stop of %s after any event', (_, stopped) => {
    for (let at = 0; at <= EVENTS; at++) {
      let askedAt = -1
      const { peers } = run(scenario, {
        afterStep: (index, sides) => {
          if (index !== at) return
          askedAt = sides.a.world.clock.now()
          for (const name of stopped) {
            sides[name].command('stop')
            const { network, inbound } = sides[name].world
            const left = [...network.open, ...inbound.open]
            expect({ at, name, left }).toEqual({ at, name, left: [] })
          }
        },
      })
      if (askedAt < 0) return
      for (const name of stopped) {
        const last = peers[name].trace.at(-1)
        // One that was not started yet is started later.
        if (written.peers[name].startMs <= askedAt) expect(last).toMatch(/^ *\d+ peer (?:stopped|failed)/)
      }
    }
  })
})

/**
 * V5 where the system itself turns clients away: a dock with a budget of descriptors, as the Node ring's has. Whoever is
 * one too many is refused, once and with the reason, and nobody who is there notices.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createActor } from 'xstate'
import { serverLogic } from '../../machines/server.ts'
import { acceptors } from '../../src/acceptor.ts'
import { binderLogic } from '../../src/binder.ts'
import type { Dock } from '../../src/dock.ts'
import { EMPTY_ROSTER, type ServerNote, enrol } from '../../src/roster.ts'
import { momentsOf } from '../../src/sim/befall.ts'
import { virtualDock } from '../../src/sim/dock.ts'
import { virtualResolver } from '../../src/sim/resolver.ts'
import type { ServerScenario } from '../../src/sim/scenario.ts'
import { type VirtualWorld, leaksOf, virtualWorld } from '../../src/sim/world.ts'
import { hospitable } from './server-script.ts'

const clientsIn = ({ inbound }: VirtualWorld) => inbound.open.filter((name) => name.startsWith('the client'))

/** The virtual dock, with descriptors for so many clients. `turnedAway`: told of each for whom there was none. */
function tightDock(world: VirtualWorld, budget: number, turnedAway: () => void): Dock {
  const dock = virtualDock(() => world)
  return {
    open: (request, tell) =>
      dock.open(request, (event) => {
        if (event.type !== 'arrived' || clientsIn(world).length <= budget) return tell(event)
        event.guest.close()
        turnedAway()
        tell({ type: 'turnedAway', from: event.guest.remote })
      }),
  }
}

function run({ config, seed, timeline, untilMs, ...script }: ServerScenario, budget: number) {
  const world = virtualWorld(script)
  const { clock } = world
  let turnedAway = 0
  const dock = tightDock(world, budget, () => turnedAway++)
  const logic = serverLogic({
    resolver: virtualResolver(() => world),
    binder: binderLogic(
      dock,
      acceptors(() => world.user),
    ),
  })
  const actor = createActor(logic, { clock, input: { config, seed, addresses: world.ports.own } })
  const notes: ServerNote[] = []
  actor.on('*', (note) => notes.push(note))
  // What somebody tells the server is no matter here.
  const moments = timeline.flatMap((entry) => momentsOf(entry, world, () => {}))
  const entries = moments.map(({ atMs, happen }) => clock.at(atMs, 0, happen))
  actor.start()
  actor.send({ type: 'start' })
  clock.runUntil(untilMs)
  const { counters } = notes.reduce(enrol, EMPTY_ROSTER)
  const there = clientsIn(world).length
  actor.stop()
  for (const entry of entries) clock.clearTimeout(entry)
  clock.runUntil(clock.now())
  return { turnedAway, notes, counters, there, left: leaksOf(world, actor.system) }
}

test('V5 whoever the system turns away is refused once, and nobody who is there notices', { timeout: 60_000 }, () => {
  let pressed = 0
  fc.assert(
    fc.property(hospitable, fc.integer({ min: 0, max: 3 }), (scenario, budget) => {
      const { turnedAway, notes, counters, there, left } = run(scenario, budget)
      const { accepted, live, closed, dropped, refused } = counters
      const codes = new Set(notes.flatMap((note) => (note.type === 'peer.refused' ? note.failure.code : [])))
      const ended = new Set(notes.flatMap((note) => (isEnd(note) ? note.peer : [])))
      const known = notes.filter((note) => note.type === 'peer.accepted' && isTcp(scenario, note.listener))
      // With a server that has failed, everybody goes.
      const isOver = notes.some(({ type }) => type === 'server.failed')
      const alive = known.filter((note) => 'peer' in note && !ended.has(note.peer) && !isOver)
      pressed += turnedAway
      if (refused !== turnedAway) throw new Error(`V5: ${turnedAway} were turned away, ${refused} refused`)
      if (alive.length !== there) throw new Error(`V5: ${alive.length} clients are told to be there, and ${there} are`)
      expect([...codes]).toEqual(turnedAway > 0 ? ['FD_BUDGET'] : [])
      expect(accepted).toBe(live + closed + dropped)
      expect(left).toEqual([])
    }),
    { seed: 20_261_122, numRuns: 500 },
  )
  expect(pressed).toBeGreaterThan(0)
})

type End = Extract<ServerNote, { readonly type: 'peer.closed' | 'peer.dropped' }>
const isEnd = (note: ServerNote): note is End => note.type === 'peer.closed' || note.type === 'peer.dropped'

const isTcp = ({ config: { listen } }: ServerScenario, listener: number) =>
  listen[(listener - 1) % listen.length]?.proto === 'tcp'

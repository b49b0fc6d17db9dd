/**
 * Plays a server's scenario on real sockets. The machines, the binder, the acceptor, the queue of look-ups and the docks
 * are those of the Node ring; names, failures that cannot be had here and the hour of every visit are scripted.
 */
import type { Socket } from 'node:net'
import { expect } from 'vitest'
import { createActor } from 'xstate'
import { serverLogic } from '../../machines/server.ts'
import { acceptors } from '../../src/acceptor.ts'
import { binderLogic } from '../../src/binder.ts'
import { guestsOf, listenersOf } from '../../src/handles.ts'
import { lookupQueue } from '../../src/node/lookup-queue.ts'
import { nodeResolver } from '../../src/node/resolver.ts'
import { EMPTY_ROSTER, type Roster, enrol } from '../../src/roster.ts'
import { momentsOf } from '../../src/sim/befall.ts'
import { HeapClock } from '../../src/sim/clock.ts'
import { VirtualNames } from '../../src/sim/resolver.ts'
import type { ServerScenario } from '../../src/sim/scenario.ts'
import type { TimelineEntry } from '../../src/sim/timeline.ts'
import { virtualUser } from '../../src/sim/user.ts'
import { traceLine } from '../../src/trace.ts'
import { scriptedLookup, socketsOfProcess } from './play.ts'
import { ScriptedShore } from './scripted-dock.ts'
import { Stillness } from './stillness.ts'

export interface PlayedServer extends Roster {
  /** Exact to the scripted millisecond. */
  readonly trace: readonly string[]
  /** Datagrams that came back to their senders. */
  readonly sent: number
}

/** Fails when anything was left open. */
export async function playServer(scenario: ServerScenario): Promise<PlayedServer> {
  const clock = new HeapClock()
  const before = socketsOfProcess()
  const { actor, shore, stillness, played, script } = stage(scenario, clock)
  const isRunning = () => actor.getSnapshot().status === 'active'
  let result: PlayedServer
  try {
    actor.start()
    actor.send({ type: 'start' })
    await stillness.settled()
    while (isRunning() && (clock.next ?? Infinity) <= scenario.untilMs) {
      clock.step()
      await stillness.settled()
    }
    result = played()
  } finally {
    actor.stop()
    for (const id of script) clock.clearTimeout(id)
    await stillness.until('the hanging up of every client', () => shore.isDeserted)
    shore.close()
  }
  expect([shore.open, listenersOf(actor.system).size, guestsOf(actor.system).size]).toEqual([[], 0, 0])
  await stillness.until('the end of every socket', () => socketsOfProcess() <= before)
  return result
}

function stage(scenario: ServerScenario, clock: HeapClock) {
  const { config, seed, timeline, server } = scenario
  const stillness = new Stillness()
  const shore = new ScriptedShore(scenario, { clock, stillness })
  const names = new VirtualNames(scenario.names)
  const user = virtualUser(server)
  const logic = serverLogic({
    resolver: nodeResolver(lookupQueue(scriptedLookup(names, clock))),
    binder: binderLogic(
      shore.dock,
      acceptors(() => ({ ...user, connected: ({ guest }) => (guest.handle as Socket).resume() })),
    ),
  })
  const actor = createActor(logic, { clock, input: { config, seed, addresses: shore.own.own } })
  const trace: string[] = []
  let roster = EMPTY_ROSTER
  actor.on('*', (note) => {
    trace.push(traceLine(note))
    roster = enrol(roster, note)
  })

  const tell = ({ do: command, graceMs: grace = 30_000 }: Extract<TimelineEntry, { readonly do: unknown }>) => {
    if (actor.getSnapshot().status !== 'active') return
    if (command === 'drain') actor.send({ type: 'drain', grace })
    else if (command === 'stop') actor.send({ type: 'stop' })
    else actor.send({ type: 'network.changed', addresses: shore.own.own })
  }
  const script = timeline
    .flatMap((entry) => momentsOf(entry, { ports: shore.own, inbound: shore, names, network: NOBODY }, tell))
    .map(({ atMs, happen }) => clock.at(atMs, 0, happen))
  return { actor, shore, stillness, script, played: () => ({ ...roster, trace, sent: shore.answered }) }
}

/** A server dials nobody. */
const NOBODY = { change: () => {}, kill: () => {} }

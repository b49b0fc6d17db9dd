/**
 * Plays a scenario on real sockets. The machines, the dialer, the confirmations, the queue of look-ups and the wire are
 * those of the Node ring; names and the peers' behaviour are scripted, and time is the script's: it moves on when the
 * kernel has said all that it has to say about this instant (`stillness.ts`). So no run depends on how fast it is.
 */
import { expect } from 'vitest'
import { createActor } from 'xstate'
import { clientLogic } from '../../machines/client.ts'
import { dialerLogic } from '../../src/dialer.ts'
import { handlesOf } from '../../src/handles.ts'
import type { Note } from '../../src/ledger.ts'
import { exchanges } from '../../src/node/confirmations.ts'
import { type Lookup, lookupQueue } from '../../src/node/lookup-queue.ts'
import { nodeResolver } from '../../src/node/resolver.ts'
import { HeapClock } from '../../src/sim/clock.ts'
import { VirtualNames } from '../../src/sim/resolver.ts'
import type { TimelineEntry } from '../../src/sim/scenario.ts'
import { traceLine } from '../../src/trace.ts'
import type { ClientScenario } from '../scenarios/catalogue.ts'
import type { Places } from './places.ts'
import { ScriptedWorld } from './scripted-wire.ts'
import { Stillness } from './stillness.ts'

/** The trace of a scenario on real sockets. Throws when anything was left open. */
export async function play(scenario: ClientScenario, places: Places): Promise<readonly string[]> {
  const clock = new HeapClock()
  const stillness = new Stillness()
  const world = new ScriptedWorld(scenario, { clock, stillness, places })
  const names = new VirtualNames(scenario.names)
  const { config, seed, untilMs } = scenario
  const logic = clientLogic({
    resolver: nodeResolver(lookupQueue(scriptedLookup(names, clock))),
    dialer: dialerLogic(
      world.wire,
      exchanges({ open: () => undefined }, () => 0),
    ),
  })
  const actor = createActor(logic, { clock, input: { config, seed, release: false } })
  const isRunning = () => actor.getSnapshot().status === 'active'
  const trace: string[] = []
  let held = 0
  const subscription = actor.on('*', (note: Note) => {
    trace.push(traceLine(note))
    if (note.type === 'attempt.won') held = note.attempt
  })
  const befall = (entry: TimelineEntry) => {
    if ('network' in entry) world.change(entry.network)
    else if ('names' in entry) names.change(entry.names)
    else if ('kill' in entry) world.kill(entry.kill.address, entry.kill.how)
    else if ('bindError' in entry) world.changeBinds(entry.bindError)
    else if (!isRunning()) return
    else if (entry.do === 'network-changed') actor.send({ type: 'network.changed' })
    else if (entry.do === 'reject') actor.send({ type: 'reject', attempt: held, reason: 'the scenario says so' })
    else actor.send({ type: entry.do })
  }
  for (const entry of scenario.timeline) clock.at(entry.atMs, 0, () => befall(entry))
  try {
    await stillness.settled()
    actor.start()
    actor.send({ type: 'start' })
    await stillness.settled()
    while (isRunning() && (clock.next ?? Infinity) <= untilMs) {
      clock.step()
      await stillness.settled()
    }
  } finally {
    subscription.unsubscribe()
    actor.stop()
    await world.close()
  }
  expect(world.open).toEqual([])
  expect(handlesOf(actor.system).size).toBe(0)
  return trace
}

/** The system's resolver by the script; a silent one never comes back, which the queue of look-ups has to bear. */
function scriptedLookup(names: VirtualNames, clock: HeapClock): Lookup {
  return (host, families, answer) => {
    const reply = names.ask(host, families)
    if (reply === 'silent') return
    clock.at(clock.now() + reply.afterMs, 0, () => {
      if ('addresses' in reply) answer(null, reply.addresses)
      else answer(Object.assign(new Error(reply.code), { code: reply.code }), [])
    })
  }
}

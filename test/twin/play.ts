/**
 * Plays a scenario on real sockets. The machines, the dialer, the confirmations, the queue of look-ups and the wire are
 * those of the Node ring; names and the peers' behaviour are scripted.
 *
 * `play`: time is the script's, too, and moves on when the kernel has said all that it has to say about this instant
 * (`stillness.ts`). So no run depends on how fast it is. `playInRealTime`: everything takes the time that it takes.
 */
import { expect } from 'vitest'
import { createActor } from 'xstate'
import { clientLogic } from '../../machines/client.ts'
import { dialerLogic } from '../../src/dialer.ts'
import { handlesOf } from '../../src/handles.ts'
import { exchanges } from '../../src/node/confirmations.ts'
import { hopsOver } from '../../src/node/hops.ts'
import { type Lookup, lookupQueue } from '../../src/node/lookup-queue.ts'
import { nodeResolver } from '../../src/node/resolver.ts'
import { KNOWN_MAKERS } from '../../src/plugins/known.ts'
import { HeapClock } from '../../src/sim/clock.ts'
import { VirtualNames } from '../../src/sim/resolver.ts'
import type { TimelineEntry } from '../../src/sim/timeline.ts'
import { traceLine } from '../../src/trace.ts'
import type { ClientScenario } from '../../src/sim/scenario.ts'
import type { Places } from './places.ts'
import { type ScriptClock, realClock } from './script-clock.ts'
import { ScriptedWorld } from './scripted-wire.ts'
import { Stillness } from './stillness.ts'

/** Nobody checks a login in a scenario. */
const STAND_INS = { open: (handle: string) => Buffer.from(`${handle}\nsecret`) }

/** The trace of a scenario, exact to the scripted millisecond. Fails when anything was left open. */
export async function play(scenario: ClientScenario, places: Places): Promise<readonly string[]> {
  const clock = new HeapClock()
  const before = socketsOfProcess()
  const { start, isRunning, stillness, trace, end } = stage(scenario, places, clock)
  try {
    await stillness.settled()
    start()
    await stillness.settled()
    while (isRunning() && (clock.next ?? Infinity) <= scenario.untilMs) {
      clock.step()
      await stillness.settled()
    }
  } finally {
    await end()
  }
  await stillness.until('the end of every socket', () => socketsOfProcess() <= before)
  return trace
}

/** The trace of a scenario on Node's clock, until it has `lines` lines, or its time is up. */
export async function playInRealTime(
  scenario: ClientScenario,
  places: Places,
  lines: number,
): Promise<readonly string[]> {
  const clock = realClock()
  const { start, trace, end } = stage(scenario, places, clock)
  start()
  while (trace.length < lines && clock.now() < scenario.untilMs)
    await new Promise((resolve) => clock.setTimeout(() => resolve(undefined), 10))
  await end()
  return trace
}

function stage(scenario: ClientScenario, places: Places, clock: ScriptClock) {
  const { config, seed, timeline } = scenario
  const stillness = new Stillness()
  const world = new ScriptedWorld(scenario, { clock, stillness, places })
  const names = new VirtualNames(scenario.names)
  const logic = clientLogic({
    resolver: nodeResolver(lookupQueue(scriptedLookup(names, clock))),
    dialer: dialerLogic(world.wire, exchanges({ open: () => undefined }), hopsOver(KNOWN_MAKERS, STAND_INS)),
  })
  const actor = createActor(logic, { clock, input: { config, seed, release: false } })
  const isRunning = () => actor.getSnapshot().status === 'active'
  const trace: string[] = []
  let held = 0
  const subscription = actor.on('*', (note) => {
    trace.push(traceLine(note))
    if (note.type === 'attempt.won') held = note.attempt
  })

  const befall = (entry: TimelineEntry) => {
    if (!isRunning()) return
    if ('network' in entry) world.change(entry.network)
    else if ('names' in entry) names.change(entry.names)
    else if ('kill' in entry) world.kill(entry.kill.address, entry.kill.how)
    else if ('bindError' in entry) world.changeBinds(entry.bindError)
    else if (!('do' in entry)) return
    else if (entry.do === 'network-changed') actor.send({ type: 'network.changed' })
    else if (entry.do === 'reject') actor.send({ type: 'reject', attempt: held, reason: 'the scenario says so' })
    else if (entry.do === 'stop' || entry.do === 'next') actor.send({ type: entry.do })
  }
  const script = timeline.map((entry) => clock.at(entry.atMs, 0, () => befall(entry)))

  const start = () => {
    actor.start()
    actor.send({ type: 'start' })
  }
  const end = async () => {
    subscription.unsubscribe()
    actor.stop()
    // Not before the peers have seen it: their own end would close what the engine has forgotten.
    await stillness.until('the hanging up of every client', () => world.isDeserted)
    for (const id of script) clock.clearTimeout(id)
    await world.close()
    expect(world.open).toEqual([])
    expect(handlesOf(actor.system).size).toBe(0)
  }
  return { start, isRunning, stillness, trace, end }
}

const SOCKETS: ReadonlySet<string> = new Set(['TCPSocketWrap', 'TCPServerWrap', 'UDPWrap'])

export const socketsOfProcess = () => process.getActiveResourcesInfo().filter((kind) => SOCKETS.has(kind)).length

/** The system's resolver by the script; a silent one never comes back, which the queue of look-ups has to bear. */
export function scriptedLookup(names: VirtualNames, clock: ScriptClock): Lookup {
  return (host, families, answer) => {
    const reply = names.ask(host, families)
    if (reply === 'silent') return
    clock.at(clock.now() + reply.afterMs, 0, () => {
      if ('addresses' in reply) answer(null, reply.addresses)
      else answer(Object.assign(new Error(reply.code), { code: reply.code }), [])
    })
  }
}

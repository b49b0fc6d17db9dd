/** A client in a world of its own that is moved by hand: for what the scenario runner, rightly, does not allow. */
import { createActor } from 'xstate'
import { clientLogic } from '../../machines/client.ts'
import type { Note } from '../../src/ledger.ts'
import type { ClientScenario } from '../../src/sim/scenario.ts'
import type { TimelineEntry } from '../../src/sim/timeline.ts'
import { type VirtualWorld, leaksOf, virtualActors, virtualWorld } from '../../src/sim/world.ts'

type Actors = ReturnType<typeof virtualActors>

/** `dress`: what is done to the actors first. Of the timeline the world's part is played; commands are for the caller. */
export function clientByHand(
  { config, seed, untilMs, timeline, ...script }: ClientScenario,
  dress = (actors: Actors) => actors,
) {
  const world = virtualWorld(script)
  const { clock } = world
  const actor = createActor(clientLogic(dress(virtualActors(() => world))), {
    clock,
    input: { config, seed, release: false },
  })
  const notes: Note[] = []
  actor.on('*', (note) => notes.push(note))
  const entries = timeline.map((entry) => clock.at(entry.atMs, 0, () => befall(entry, world)))
  const isAlive = () => actor.getSnapshot().status === 'active'
  return {
    world,
    actor,
    notes,
    start: () => {
      actor.start()
      actor.send({ type: 'start' })
    },
    /** The next callback of the clock; false at the end. */
    step: () => isAlive() && (clock.next ?? Infinity) <= untilMs && clock.step(),
    stop: () => {
      if (isAlive()) actor.send({ type: 'stop' })
      // What the script has still to say is not the client's.
      for (const entry of entries) clock.clearTimeout(entry)
    },
    left: () => leaksOf(world, actor.system),
  }
}

function befall(entry: TimelineEntry, { network, names }: VirtualWorld): void {
  if ('network' in entry) network.change(entry.network)
  else if ('names' in entry) names.change(entry.names)
  else if ('kill' in entry) network.kill(entry.kill.address, entry.kill.how)
  else if ('bindError' in entry) network.ports.changeBinds(entry.bindError)
}

/** A client in a world of its own that is moved by hand: for what the scenario runner, rightly, does not allow. */
import { createActor } from 'xstate'
import { clientLogic } from '../../machines/client.ts'
import type { Note } from '../../src/ledger.ts'
import type { Scenario } from '../../src/sim/scenario.ts'
import { leaksOf, virtualActors, virtualWorld } from '../../src/sim/world.ts'

type Actors = ReturnType<typeof virtualActors>

/** `dress`: what is done to the actors first. The script's timeline is left out, so that what is on the clock is ours. */
export function clientByHand({ config, seed, untilMs, ...script }: Scenario, dress = (actors: Actors) => actors) {
  const world = virtualWorld(script)
  const actor = createActor(clientLogic(dress(virtualActors(() => world))), {
    clock: world.clock,
    input: { config, seed, release: false },
  })
  const notes: Note[] = []
  actor.on('*', (note) => notes.push(note))
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
    step: () => isAlive() && (world.clock.next ?? Infinity) <= untilMs && world.clock.step(),
    stop: () => {
      if (isAlive()) actor.send({ type: 'stop' })
    },
    left: () => leaksOf(world, actor.system),
  }
}

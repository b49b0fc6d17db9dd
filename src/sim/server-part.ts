/** A server in a scenario: how its root is made and told what to do, and what comes of it. */
import { createActor } from 'xstate'
import type { serverLogic } from '../../machines/server.ts'
import { Roll, type Roster, type ServerNote } from '../roster.ts'
import { type Hooks, type Outcome, type Part, type Run, isRunning } from './play.ts'
import type { ServerScenario } from './scenario.ts'
import type { Command } from './timeline.ts'
import type { VirtualWorld } from './world.ts'

/** ms. */
const GRACE = 30_000

export interface ServerRun extends Run {
  readonly roster: () => Roster
}

export type ServerOptions = Hooks<ServerNote, ServerRun>

export function serverPart(
  logic: ReturnType<typeof serverLogic>,
  world: VirtualWorld,
  { config, seed }: ServerScenario,
  { inspect }: ServerOptions,
): Part<ServerNote, ServerRun> {
  const { clock, ports, inbound } = world
  const input = { config, seed, addresses: ports.own }
  const actor = createActor(logic, { clock, input, ...(inspect && { inspect }) })
  const roll = new Roll()
  const command = (command: Command, grace = GRACE) => {
    if (!isRunning(actor)) return
    if (command === 'network-changed') actor.send({ type: 'network.changed', addresses: ports.own })
    else if (command === 'drain') actor.send({ type: 'drain', grace })
    else actor.send({ type: 'stop' })
  }
  return {
    root: actor,
    run: { world, roster: () => roll.roster, command },
    hear: (note) => {
      roll.take(note)
      return outcomeOf(note)
    },
    harvest: () => ({ ledger: [], ...roll.roster, sent: inbound.sent }),
    // What was closed with the root says so in the same instant.
    tidy: () => clock.runUntil(clock.now()),
  }
}

function outcomeOf(note: ServerNote): Outcome | undefined {
  const { at: atMs } = note
  if (note.type === 'server.listening') return { outcome: 'listening', atMs }
  if (note.type === 'server.failed') return { outcome: 'failed', atMs, failure: note.failure }
  return note.type === 'server.stopped' ? { outcome: 'stopped', atMs } : undefined
}

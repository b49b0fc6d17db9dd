/** A client in a scenario: how its root is made and told what to do, and what comes of it. */
import { createActor } from 'xstate'
import { type clientLogic, ledgerOf } from '../../machines/client.ts'
import { handlesOf } from '../handles.ts'
import { type Ledger, type Note, entriesOf } from '../ledger.ts'
import { type Hooks, type Outcome, type Part, type Run, isRunning } from './play.ts'
import type { ScenarioResult } from './result.ts'
import type { ClientScenario } from './scenario.ts'
import type { Command } from './timeline.ts'
import type { VirtualHandle } from './wire.ts'
import type { VirtualWorld } from './world.ts'

export interface ClientRun extends Run {
  readonly ledger: () => Ledger
}

export interface ClientOptions extends Hooks<Note, ClientRun> {
  /** Hand the first winner over and end, as `connect()` does; by default it is held, as `createClient` does. */
  readonly release?: boolean
}

export function clientPart(
  logic: ReturnType<typeof clientLogic>,
  world: VirtualWorld,
  { config, seed }: ClientScenario,
  { release = false, inspect }: ClientOptions,
): Part<Note, ClientRun> {
  const { clock } = world
  const actor = createActor(logic, { clock, input: { config, seed, release }, ...(inspect && { inspect }) })
  const ledger = () => ledgerOf(actor.getSnapshot())
  const command = (command: Command) => {
    if (!isRunning(actor)) return
    if (command === 'network-changed') actor.send({ type: 'network.changed' })
    else if (command === 'stop' || command === 'next') actor.send({ type: command })
    else actor.send({ type: 'reject', attempt: winnerOf(ledger())?.attempt ?? 0, reason: 'the scenario says so' })
  }
  return {
    root: actor,
    run: { world, ledger, command },
    hear: (note) => outcomeOf(note, ledger),
    harvest: () => ({ ledger: entriesOf(ledger()) }),
    // A released socket is taken out of the registry, used, and closed.
    tidy: () => {
      const attempt = actor.getSnapshot().output?.attempt ?? 0
      const handles = handlesOf(actor.system)
      const handle = handles.get(attempt)?.handle as VirtualHandle | undefined
      handles.delete(attempt)
      handle?.close()
    },
  }
}

export type Winner = NonNullable<ScenarioResult['winner']>

function outcomeOf(note: Note, ledger: () => Ledger): Outcome | undefined {
  const { at: atMs } = note
  if (note.type === 'client.stopped') return { outcome: 'stopped', atMs }
  if (note.type === 'client.failed') return { outcome: 'failed', atMs, failure: note.failure }
  if (note.type !== 'attempt.won') return undefined
  return { outcome: 'connected', atMs, winner: winnerOf(ledger()) as Winner }
}

/** The connection that is held. */
export function winnerOf(ledger: Ledger): Winner | undefined {
  const entry = ledger.current.find(({ outcome, endedAt }) => outcome === 'won' && endedAt === undefined)
  if (!entry?.candidate || entry.attempt === null) return undefined
  const { attempt, remote, candidate, local } = entry
  return { attempt, remote, candidate, local }
}

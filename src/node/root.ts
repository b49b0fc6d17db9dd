/**
 * One root actor on the real twin: what `connect` and `createClient` have in common. It follows the notes, and turns the
 * number of a winner into a connection.
 */
import { randomInt } from 'node:crypto'
import { type InspectionEvent, type Observer, createActor } from 'xstate'
import { type ClientActors, type ClientOutput, clientLogic, ledgerOf } from '../../machines/client.ts'
import type { Clock } from '../actors.ts'
import { validateConfig } from '../config/validate.ts'
import type { Config, ConfigInput } from '../config/schema.ts'
import type { Vault } from '../config/vault.ts'
import { type Failure, failure } from '../failure.ts'
import { closeHandles, handlesOf } from '../handles.ts'
import { type Ledger, type Note, entriesOf } from '../ledger.ts'
import { nodeActors } from './actors.ts'
import { nodeClock } from './clock.ts'
import { ConfigError } from './connect-error.ts'
import { type Connection, connectionOf } from './connection.ts'

export interface ConnectOptions {
  /** Aborting it ends the attempts, closes what is open, and rejects with its reason. */
  readonly signal?: AbortSignal
  /** Goes straight to XState: any XState inspector works. */
  readonly inspect?: Observer<InspectionEvent> | ((event: InspectionEvent) => void)
  readonly clock?: Clock
  readonly actors?: Partial<ClientActors>
  /** 32 bits that decide every shuffle and jitter; drawn at random by default. */
  readonly seed?: number
  /** Where the configuration's key handles lead (`parseConfig` returns it). */
  readonly vault?: Vault
}

export interface Root {
  readonly seed: number
  readonly ledger: () => Ledger
  readonly send: (event: RootCommand) => void
  /** The winner's socket, taken out of the registry when it is `released`. */
  readonly take: (attempt: number, released: boolean) => Connection
  /** Starts it; `ended` comes once, after the last note. */
  readonly start: (listener: { note: (note: Note) => void; ended: (output: ClientOutput) => void }) => void
}

type RootCommand =
  | { readonly type: 'stop' }
  | { readonly type: 'next' }
  | { readonly type: 'network.changed' }
  | { readonly type: 'reject'; readonly attempt: number; readonly reason: string }

/** Throws a `ConfigError`. */
export function checkedConfig(input: ConfigInput): Config {
  const { config, issues } = validateConfig(input)
  if (!config) throw new ConfigError(issues)
  return config
}

// Making a logic costs more than a connection does, and nearly everybody uses the same one.
let ordinary: ReturnType<typeof clientLogic> | undefined

function logicFor({ actors, vault }: ConnectOptions): ReturnType<typeof clientLogic> {
  if (!actors && !vault) return (ordinary ??= clientLogic(nodeActors()))
  return clientLogic({ ...nodeActors(vault ? { vault } : {}), ...actors })
}

export function makeRoot(config: Config, release: boolean, options: ConnectOptions): Root {
  const seed = options.seed ?? randomInt(2 ** 32)
  const actor = createActor(logicFor(options), {
    clock: options.clock ?? nodeClock,
    input: { config, seed, release },
    ...(options.inspect && { inspect: options.inspect }),
  })
  const { system } = actor
  const ledger = () => ledgerOf(actor.getSnapshot())
  const confirmations = new Map<number, { sent: number; received: number }>()

  const follow = (note: Note) => {
    if (note.type === 'attempt.confirmed') confirmations.set(note.attempt, { sent: note.sent, received: note.received })
    if (note.type === 'attempt.lost') confirmations.delete(note.attempt)
  }

  return {
    seed,
    ledger,
    send: (event) => {
      if (actor.getSnapshot().status === 'active') actor.send(event)
    },
    take: (attempt, released) => {
      const entries = entriesOf(ledger())
      const entry = entries.find((entry) => entry.attempt === attempt)
      const socket = handlesOf(system).get(attempt)
      if (!entry?.candidate || !socket) throw new Error(`attempt ${attempt} left no socket`)
      if (released) handlesOf(system).delete(attempt)
      const { remote, hops } = entry
      const candidate = { ...entry.candidate, remote: remote.index, hops }
      const confirmation = confirmations.get(attempt)
      return connectionOf({ attempt, remote, candidate, confirmation, ledger: entries, seed }, socket.handle)
    },
    start: ({ note, ended }) => {
      actor.on('*', (told) => {
        follow(told)
        note(told)
      })
      actor.subscribe({
        complete: () => {
          const { output } = actor.getSnapshot()
          if (output) ended(output)
        },
        error: (bug) => {
          closeHandles(system)
          ended({ outcome: 'failed', attempt: null, failure: internal(bug) })
        },
      })
      actor.start()
      // A stop that came earlier has waited in the mailbox, and was first.
      if (actor.getSnapshot().status === 'active') actor.send({ type: 'start' })
    },
  }
}

function internal(bug: unknown): Failure {
  const what = bug instanceof Error ? bug.message : String(bug)
  return failure('INTERNAL', 'plan', `a bug in sockchart: ${what}; everything it had open was closed`)
}

/** The root of a client: what `connect` and `createClient` have in common. It turns the number of a winner into a connection. */
import { type ClientOutput, clientLogic, ledgerOf } from '../../machines/client.ts'
import type { DialActors } from '../../machines/dial.ts'
import type { ClientConfig } from '../config/schema.ts'
import type { Vault } from '../config/vault.ts'
import type { Failure } from '../failure.ts'
import { handlesOf } from '../handles.ts'
import { EMPTY_LEDGER, type Ledger, type Note, entriesOf } from '../ledger.ts'
import { nodeActors } from './actors.ts'
import { seedOf } from './checked.ts'
import { type Connection, connectionOf } from './connection.ts'
import { Root, type RootListener, type RootOptions } from './root.ts'

export interface ConnectOptions extends RootOptions {
  /** Aborting it ends the attempts, closes what is open, and rejects with its reason. */
  readonly signal?: AbortSignal
  readonly actors?: Partial<DialActors>
  /** Where the configuration's key handles lead (`parseConfig` returns it). */
  readonly vault?: Vault
}

type ClientLogic = ReturnType<typeof clientLogic>

// Making a logic costs more than a connection does, and nearly everybody uses the same one.
let ordinary: ClientLogic | undefined

function logicFor({ actors, vault }: ConnectOptions): ClientLogic {
  if (!actors && !vault) return (ordinary ??= clientLogic(nodeActors()))
  return clientLogic({ ...nodeActors(vault ? { vault } : {}), ...actors })
}

export class ClientRoot extends Root<ClientLogic> {
  readonly #release: boolean
  #confirmation: Connection['confirmation']

  constructor(config: ClientConfig, release: boolean, options: ConnectOptions) {
    super(logicFor(options), { config, seed: seedOf(options.seed), release }, options)
    this.#release = release
  }

  get ledger(): Ledger {
    return ledgerOf(this.actor.getSnapshot())
  }

  networkChanged(): void {
    this.send({ type: 'network.changed' })
  }

  override start(listener: RootListener<ClientLogic>): void {
    // Who wants one connection and has no pause to end need not watch.
    if (!this.#release) this.watchNetwork()
    super.start(listener)
  }

  /** The winner's socket; taken out of the registry when it is `released`. */
  take(attempt: number, released: boolean): Connection {
    const handles = handlesOf(this.actor.system)
    const ledger = entriesOf(this.ledger)
    const entry = ledger.find((entry) => entry.attempt === attempt)
    const socket = handles.get(attempt)
    if (!entry?.candidate || !socket) throw new Error(`attempt ${attempt} left no socket`)
    if (released) handles.delete(attempt)
    const { remote, hops } = entry
    const { transport, family, address, port } = entry.candidate
    const candidate = { remote: remote.index, transport, family, address, port, hops }
    const won = { attempt, remote, candidate, confirmation: this.#confirmation, ledger, seed: this.seed }
    return connectionOf(won, socket.handle)
  }

  protected override follow(note: Note): void {
    if (note.type === 'attempt.started') this.#confirmation = undefined
    if (note.type === 'attempt.confirmed') this.#confirmation = { sent: note.sent, received: note.received }
    if (note.type === 'backoff.started') this.watchNetwork()
    super.follow(note)
  }

  protected broken(why: Failure): ClientOutput {
    return { outcome: 'failed', attempt: null, failure: why, numbers: { query: 0, attempt: 0 }, ledger: EMPTY_LEDGER }
  }
}

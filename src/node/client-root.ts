/** The root of a client: what `connect` and `createClient` have in common. */
import { type ClientOutput, clientLogic, ledgerOf } from '../../machines/client.ts'
import type { DialActors } from '../../machines/dial.ts'
import type { ClientConfig } from '../config/schema.ts'
import type { Vault } from '../config/vault.ts'
import type { Failure } from '../failure.ts'
import type { SocketPlugin } from '../plugins/plugin.ts'
import { EMPTY_LEDGER, type Ledger, type Note } from '../ledger.ts'
import { nodeActors } from './actors.ts'
import { seedOf } from './checked.ts'
import { DialRoot } from './dial-root.ts'
import { hopMakersOf } from './plugins/socket-plugins.ts'
import type { RootListener, RootOptions } from './root.ts'

export interface ConnectOptions extends RootOptions {
  /** Aborting it ends the attempts, closes what is open, and rejects with its reason. */
  readonly signal?: AbortSignal
  readonly actors?: Partial<DialActors>
  /** Where the configuration's handles of keys and logins lead (`parseConfig` returns it). */
  readonly vault?: Vault
  /** Who makes hops, besides those that are always there. */
  readonly plugins?: readonly SocketPlugin[]
}

type ClientLogic = ReturnType<typeof clientLogic>

// Making a logic costs more than a connection does, and nearly everybody uses the same one.
let ordinary: ClientLogic | undefined

function logicFor({ actors, vault, plugins = [] }: ConnectOptions): ClientLogic {
  if (!actors && !vault && plugins.length === 0) return (ordinary ??= clientLogic(nodeActors()))
  return clientLogic({ ...nodeActors({ vault, makers: hopMakersOf(plugins) }), ...actors })
}

export class ClientRoot extends DialRoot<ClientLogic> {
  readonly #release: boolean

  constructor(config: ClientConfig, release: boolean, options: ConnectOptions) {
    super(logicFor(options), { config, seed: seedOf(options.seed), release }, options)
    this.#release = release
  }

  get ledger(): Ledger {
    return ledgerOf(this.actor.getSnapshot())
  }

  override start(listener: RootListener<ClientLogic>): void {
    // Who wants one connection and has no pause to end need not watch.
    if (!this.#release) this.watchNetwork()
    super.start(listener)
  }

  protected override follow(note: Note): void {
    if (note.type === 'backoff.started') this.watchNetwork()
    super.follow(note)
  }

  protected broken(why: Failure): ClientOutput {
    return { outcome: 'failed', attempt: null, failure: why, numbers: { query: 0, attempt: 0 }, ledger: EMPTY_LEDGER }
  }
}

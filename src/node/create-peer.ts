/** A peer (R5): it binds what its policy says, meets the other one, and meets it again after a loss. */
import type { PeerConfigInput } from '../config/peer-schema.ts'
import type { Failure } from '../failure.ts'
import type { Note } from '../ledger.ts'
import { Roll, type Roster, type ServerNote } from '../roster.ts'
import { peerConfig } from './checked.ts'
import { ConnectError } from './connect-error.ts'
import { Keeper, type KeeperEvents } from './keeper.ts'
import { ListenError } from './listen-error.ts'
import { type PeerOptions, PeerRoot } from './peer-root.ts'

/** `failed`: its sockets could not be bound (a `ListenError`), or it gave up as a client does. */
export interface PeerEvents extends KeeperEvents<Note | ServerNote, ConnectError | ListenError> {}

/**
 * Starts at once; the first event comes after the current turn. Throws a `ConfigError`. Only `close()`, the signal, or
 * giving up ends it: closing a connection oneself is a loss, and the peers meet again.
 */
export function createPeer(config: PeerConfigInput, options: PeerOptions = {}): Peer {
  return new Peer(new PeerRoot(peerConfig(config), options), options.signal)
}

export class Peer extends Keeper<Note | ServerNote, ConnectError | ListenError> {
  readonly #roll = new Roll()

  /** The sockets that are bound for all attempts, and those that could not be. */
  get roster(): Roster {
    return this.#roll.roster
  }

  protected override follow(note: Note | ServerNote): void {
    this.#roll.take(note)
    super.follow(note)
  }

  protected errorOf(why: Failure): ConnectError | ListenError {
    // Nothing is tried before the sockets are bound.
    return this.ledger.length > 0 ? new ConnectError(why, this.root.ledger) : new ListenError(why, this.roster)
  }
}

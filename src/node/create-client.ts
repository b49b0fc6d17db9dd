/** A client that lives on: it comes back after a loss, until it is closed or gives up. */
import type { ClientConfigInput } from '../config/schema.ts'
import type { Failure } from '../failure.ts'
import type { Note } from '../ledger.ts'
import { clientConfig } from './checked.ts'
import { ClientRoot, type ConnectOptions } from './client-root.ts'
import { ConnectError } from './connect-error.ts'
import { Keeper, type KeeperEvents } from './keeper.ts'

/** `failed`: it gave up, since `connectRetryMax` rounds failed, or no round can succeed. */
export interface ClientEvents extends KeeperEvents<Note, ConnectError> {}

/**
 * Starts at once; the first event comes after the current turn. Throws a `ConfigError`. Only `close()`, the signal, or
 * giving up ends it: closing the socket of a connection is a loss, and the client reconnects.
 */
export function createClient(config: ClientConfigInput, options: ConnectOptions = {}): Client {
  return new Client(new ClientRoot(clientConfig(config, options.plugins), false, options), options.signal)
}

export class Client extends Keeper<Note, ConnectError> {
  protected errorOf(why: Failure): ConnectError {
    return new ConnectError(why, this.root.ledger)
  }
}

/** The actors that the machines ask for, on this host's sockets and names. */
import { type Reception, acceptors } from '../acceptor.ts'
import { binderLogic } from '../binder.ts'
import { dialerLogic } from '../dialer.ts'
import type { HopMakers } from '../config/hop-conflicts.ts'
import { KNOWN_MAKERS } from '../plugins/known.ts'
import type { ReadySockets } from '../plugins/plugin.ts'
import { exchanges, type KeySource } from './confirmations.ts'
import { dockWith, nodeDock } from './dock.ts'
import { hopsOver } from './hops.ts'
import { type Lookup, lookupQueue } from './lookup-queue.ts'
import { nodeResolver } from './resolver.ts'
import { nodeWire } from './wire.ts'

export interface NodeActorsOptions {
  /** Keys and logins that a configuration's `key:N` stand for; none by default. */
  readonly vault?: KeySource | undefined
  /** Who makes the hops of a way; by default the plugins that are always there. */
  readonly makers?: HopMakers | undefined
  /** Instead of the system's resolver. */
  readonly lookup?: Lookup | undefined
  /** Who takes the clients of a server, by the system of its root; without one they are closed as they come. */
  readonly receptionOf?: ((system: object) => Reception | undefined) | undefined
  /** Sockets that are bound already, for the listeners of one server. */
  readonly ready?: ReadySockets | undefined
}

const NO_KEYS: KeySource = { open: () => undefined }

const NOBODY: Reception = { connected: ({ guest }) => guest.close(), heard: () => {} }

export function nodeActors(options: NodeActorsOptions = {}) {
  const { vault = NO_KEYS, makers = KNOWN_MAKERS, lookup, receptionOf, ready } = options
  return {
    resolver: nodeResolver(lookup && lookupQueue(lookup)),
    dialer: dialerLogic(nodeWire(), exchanges(vault), hopsOver(makers, vault)),
    binder: binderLogic(
      ready ? dockWith(ready) : nodeDock,
      acceptors((system) => receptionOf?.(system) ?? NOBODY),
    ),
  }
}

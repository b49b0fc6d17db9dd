/** The actors that the machines ask for, on this host's sockets and names. */
import { dialerLogic } from '../dialer.ts'
import { exchanges, type KeySource } from './confirmations.ts'
import { type Lookup, lookupQueue } from './lookup-queue.ts'
import { nodeResolver } from './resolver.ts'
import { nodeWire } from './wire.ts'

export interface NodeActorsOptions {
  /** Keys that a configuration's `key:N` stand for; none by default. */
  readonly vault?: KeySource | undefined
  /** Instead of the system's resolver. */
  readonly lookup?: Lookup | undefined
}

const NO_KEYS: KeySource = { open: () => undefined }

export function nodeActors({ vault = NO_KEYS, lookup }: NodeActorsOptions = {}) {
  return {
    resolver: nodeResolver(lookup && lookupQueue(lookup)),
    dialer: dialerLogic(nodeWire(), exchanges(vault)),
  }
}

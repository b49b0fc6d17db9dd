/**
 * The contracts between machines and the world: what each injected actor is given, what it says and what it hears.
 * `src/sim` and `src/node` implement them; so may anyone.
 *
 * Every event carries the number of the query or attempt it belongs to; numbers are never reused within one root, so a
 * machine can drop what is stale. No actor speaks synchronously from its start, or from inside what it hears.
 */
import type { Candidate } from './candidate.ts'
import type { Confirmation, HopConfig } from './config/schema.ts'
import type { ServerConfig } from './config/server-schema.ts'
import type { Endpoint, Family, Transport } from './endpoint.ts'
import type { Failure } from './failure.ts'

/** Time, injected at the root. `setTimeout` and `clearTimeout` are XState's own contract; all in ms. */
export interface Clock {
  readonly now: () => number
  readonly setTimeout: (run: () => void, ms: number) => unknown
  readonly clearTimeout: (id: unknown) => void
}

/** One look-up of one name. Ends with exactly one of the two answers, unless it is stopped first. */
export interface ResolverInput {
  readonly query: number
  readonly host: string
  readonly transport: Transport
  readonly families: readonly Family[]
}
export type ResolverSays =
  /** `addresses` as text, in the order returned. */
  | { readonly type: 'resolver.answered'; readonly query: number; readonly addresses: readonly string[] }
  | { readonly type: 'resolver.failed'; readonly query: number; readonly failure: Failure }

/** One try at one candidate. It owns the socket until that is accepted with `release`; its disposer closes it. */
export interface DialerInput {
  readonly attempt: number
  readonly candidate: Candidate
  /** Bind this first; no address: the wildcard of the candidate's family. Port 0: any. */
  readonly local?: { readonly address?: string | undefined; readonly port: number } | undefined
  /** The way behind the candidate, which is then an address of the first of them. */
  readonly hops: readonly HopConfig[]
  readonly confirmation: Confirmation
}
export type DialerSays =
  | { readonly type: 'attempt.opened'; readonly attempt: number; readonly local?: Endpoint | undefined }
  | { readonly type: 'attempt.connected'; readonly attempt: number; readonly local?: Endpoint | undefined }
  /** That hop carries us further; the first is 1. */
  | { readonly type: 'attempt.negotiated'; readonly attempt: number; readonly hop: number }
  | { readonly type: 'attempt.confirmed'; readonly attempt: number; readonly sent: number; readonly received: number }
  | { readonly type: 'attempt.failed'; readonly attempt: number; readonly failure: Failure }
  /** After `attempt.accepted` only: the held connection is gone. */
  | { readonly type: 'attempt.lost'; readonly attempt: number; readonly failure: Failure }
/** `release`: the socket is the user's alone from now on. Otherwise the dialer goes on watching it. */
export type DialerHears = { readonly type: 'attempt.accepted'; readonly attempt: number; readonly release: boolean }

/** What a binder lets in: the limits of a server, over all its blocks. */
export type Limits = Pick<
  ServerConfig,
  'maxClients' | 'maxPending' | 'handWindow' | 'connectFreq' | 'sourceFreq' | 'amplificationLimit'
>

/**
 * All listening sockets of a root, made one by one as it hears. It owns them, and every client that they let in until
 * that is the user's; its disposer closes what is left.
 */
export interface BinderInput {
  readonly limits: Limits
}
/** One listener to be bound. Port 0: any. */
export interface Bind {
  readonly listener: number
  readonly transport: Transport
  readonly endpoint: Endpoint
}
export type BindResult =
  | { readonly listener: number; readonly local: Endpoint; readonly failure?: never }
  /** It could not be bound. */
  | { readonly listener: number; readonly failure: Failure; readonly local?: never }

export type BinderHears =
  /** A number that was bound before is bound anew. */
  | { readonly type: 'listeners.bind'; readonly binds: readonly Bind[] }
  /** Gives one up; it is closed when this has been heard, and nothing is said. Its clients live on. */
  | { readonly type: 'listener.close'; readonly listener: number }
  /** Stop letting anybody in: every listener is closed at once, the clients that are there may finish. */
  | { readonly type: 'binder.drain' }
  /** The grace has ended: whoever is left is dropped, each with a note. */
  | { readonly type: 'binder.evict' }
export type BinderSays =
  /** What became of binds, in that order: told together, when the system has no other one in its hands. */
  | { readonly type: 'listeners.settled'; readonly results: readonly BindResult[] }
  /** It was bound, and is gone. */
  | { readonly type: 'listener.lost'; readonly listener: number; readonly failure: Failure }
  /** After `binder.drain` or `binder.evict`: the last client has gone. */
  | { readonly type: 'binder.drained' }

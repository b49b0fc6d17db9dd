/**
 * What happened to a server, told once, as `ledger.ts` does for a client: machines and binders report `ServerNote`s. The
 * roster is their fold: every listener, and how many clients there were. A peer's listeners are told of in the same words.
 */
import type { Endpoint, Family, Transport } from './endpoint.ts'
import { type Failure, failure } from './failure.ts'
import type { Note } from './ledger.ts'

/** `at`: whole ms since the root's start. `block`: index in the configuration. */
export type ServerNote = { readonly at: number } & (
  | {
      readonly type: 'query.started'
      readonly query: number
      readonly block: number
      readonly host: string
      readonly families: readonly Family[]
    }
  | { readonly type: 'query.answered'; readonly query: number; readonly addresses: readonly string[] }
  | { readonly type: 'query.failed'; readonly query: number; readonly block: number; readonly failure: Failure }
  /** The block could not be resolved, and is tried again after `ms`. */
  | { readonly type: 'block.waiting'; readonly block: number; readonly ms: number }
  /** An address that is not bound, and why. */
  | {
      readonly type: 'address.skipped'
      readonly block: number
      readonly endpoint: Endpoint | null
      readonly failure: Failure
    }
  | {
      readonly type: 'listener.started'
      readonly listener: number
      readonly block: number
      readonly transport: Transport
      readonly endpoint: Endpoint
    }
  | { readonly type: 'listener.bound'; readonly listener: number; readonly local: Endpoint }
  | { readonly type: 'listener.failed'; readonly listener: number; readonly failure: Failure }
  | { readonly type: 'listener.lost'; readonly listener: number; readonly failure: Failure }
  /** It is bound again after `ms`. */
  | { readonly type: 'listener.waiting'; readonly listener: number; readonly ms: number }
  /** It had to be bound again too often; from now on once a minute. */
  | { readonly type: 'listener.escalated'; readonly listener: number; readonly failure: Failure }
  /** Given up on purpose: an implied wildcard whose family is missing, a sibling that failed, a drain. */
  | { readonly type: 'listener.closed'; readonly listener: number; readonly failure: Failure | null }
  /** Every block has been tried; `bound` sockets are. */
  | { readonly type: 'server.listening'; readonly bound: number }
  | { readonly type: 'server.warned'; readonly block: number; readonly message: string }
  | { readonly type: 'server.draining' }
  | { readonly type: 'server.failed'; readonly failure: Failure }
  | { readonly type: 'server.stopped' }
  | { readonly type: 'network.changed' }
  /** `peer`: a number of its own for each client, TCP and UDP alike. */
  | { readonly type: 'peer.accepted'; readonly peer: number; readonly listener: number; readonly remote: Endpoint }
  | {
      readonly type: 'peer.refused'
      readonly listener: number
      readonly remote: Endpoint | null
      readonly failure: Failure
    }
  /** The engine closed it: silent for too long, too many silent ones, the end of the grace. */
  | { readonly type: 'peer.dropped'; readonly peer: number; readonly failure: Failure }
  /** It has gone, or the program let it go; over UDP: it was quiet for a minute. */
  | { readonly type: 'peer.closed'; readonly peer: number }
)

export interface RosterEntry {
  readonly listener: number
  readonly block: number
  readonly transport: Transport
  /** What is to be bound. */
  readonly endpoint: Endpoint
  /** What is bound; its port is never 0. */
  readonly local: Endpoint | null
  /** `waiting`: it failed or was lost, and is bound again after a pause. */
  readonly state: 'binding' | 'bound' | 'failed' | 'waiting' | 'closed'
  /** Of the last time that it could not be bound, was lost, or given up. */
  readonly failure: Failure | null
}

export interface Roster {
  readonly listeners: readonly RosterEntry[]
  /** Clients: accepted = live + dropped + closed; those refused were never accepted. */
  readonly counters: {
    readonly accepted: number
    readonly live: number
    readonly refused: number
    readonly dropped: number
    readonly closed: number
  }
}

export const EMPTY_ROSTER: Roster = {
  listeners: [],
  counters: { accepted: 0, live: 0, refused: 0, dropped: 0, closed: 0 },
}

/** What is told of a peer's walk, and not of the sockets that it binds for all attempts. */
export const isWalkers = (note: Note | ServerNote): note is Note =>
  !('block' in note || 'listener' in note || 'peer' in note)

/** The roster after one more note. */
export function enrol(roster: Roster, note: ServerNote | Note): Roster {
  const roll = new Roll(roster)
  roll.take(note)
  return roll.roster
}

/** A roster that is kept while notes come: a start tells three of each socket, and hardly anybody looks after each. */
export class Roll {
  readonly #entries: Map<number, RosterEntry>
  #counters: Roster['counters']
  /** What is shown does not change any more; these hold until something does. */
  #listeners: Roster['listeners'] | undefined
  #roster: Roster | undefined

  constructor(roster = EMPTY_ROSTER) {
    this.#entries = new Map(roster.listeners.map((entry) => [entry.listener, entry]))
    this.#counters = roster.counters
    this.#listeners = roster.listeners
    this.#roster = roster
  }

  get roster(): Roster {
    this.#listeners ??= [...this.#entries.values()]
    this.#roster ??= { listeners: this.#listeners, counters: this.#counters }
    return this.#roster
  }

  /** `undefined`: no note has told of it. */
  entryOf(listener: number): RosterEntry | undefined {
    return this.#entries.get(listener)
  }

  take(note: ServerNote | Note): void {
    const counters = this.#counters
    switch (note.type) {
      case 'listener.started': {
        const { listener, block, transport, endpoint } = note
        const before = this.#entries.get(listener)
        if (before) return this.#enter({ ...before, endpoint, state: 'binding' })
        return this.#enter({ listener, block, transport, endpoint, local: null, state: 'binding', failure: null })
      }
      case 'listener.bound':
        return this.#amend(note.listener, (entry) => ({ ...entry, state: 'bound', local: note.local, failure: null }))
      case 'listener.failed':
      case 'listener.lost':
        return this.#amend(note.listener, (entry) => ended(entry, 'failed', note.failure))
      case 'listener.waiting':
        return this.#amend(note.listener, (entry) => ({ ...entry, state: 'waiting' }))
      case 'listener.closed':
        return this.#amend(note.listener, (entry) => ended(entry, 'closed', note.failure))
      case 'peer.accepted':
        return this.#count({ ...counters, accepted: counters.accepted + 1, live: counters.live + 1 })
      case 'peer.refused':
        return this.#count({ ...counters, refused: counters.refused + 1 })
      case 'peer.dropped':
        return this.#count({ ...counters, dropped: counters.dropped + 1, live: counters.live - 1 })
      case 'peer.closed':
        return this.#count({ ...counters, closed: counters.closed + 1, live: counters.live - 1 })
      case 'server.failed':
        return this.#endAll(givenUp)
      case 'server.stopped':
      case 'peer.failed':
      case 'peer.stopped':
        return this.#endAll((entry) => ended(entry, 'closed', null))
      default:
    }
  }

  #enter(entry: RosterEntry): void {
    this.#entries.set(entry.listener, entry)
    this.#listeners = undefined
    this.#roster = undefined
  }

  #amend(listener: number, change: (entry: RosterEntry) => RosterEntry): void {
    const entry = this.#entries.get(listener)
    if (entry) this.#enter(change(entry))
  }

  #count(counters: Roster['counters']): void {
    this.#counters = counters
    this.#roster = undefined
  }

  #endAll(change: (entry: RosterEntry) => RosterEntry): void {
    for (const entry of this.#entries.values()) this.#enter(change(entry))
    const { dropped, live } = this.#counters
    this.#count({ ...this.#counters, dropped: dropped + live, live: 0 })
  }
}

const ended = (entry: RosterEntry, state: 'failed' | 'closed', failure: Failure | null): RosterEntry => {
  return { ...entry, state, local: null, failure: failure ?? entry.failure }
}

/** One that could not be bound says why; the others were closed on its account. */
function givenUp(entry: RosterEntry): RosterEntry {
  if (entry.state === 'closed') return entry
  return ended(entry, 'closed', entry.failure ?? failure('SIBLING_FAILED', 'bind'))
}

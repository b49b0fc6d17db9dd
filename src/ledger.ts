/**
 * What happened, told once: machines report `Note`s, and everything a person or a program sees is made of them. The
 * ledger is their fold (this file), a trace their map (`trace.ts`), the events of the API are the notes themselves.
 */
import type { Candidate, Hop } from './candidate.ts'
import type { Endpoint, Family, Transport } from './endpoint.ts'
import type { Failure } from './failure.ts'

export interface RemoteRef {
  /** Index in the configuration. */
  readonly index: number
  readonly host: string
  readonly port: number
}

/** `at`: whole ms since the root's start. */
export type Note = { readonly at: number } & (
  | { readonly type: 'round.started'; readonly round: number }
  | { readonly type: 'round.failed'; readonly round: number }
  | { readonly type: 'round.ended'; readonly round: number }
  | {
      readonly type: 'query.started'
      readonly query: number
      readonly remote: RemoteRef
      /** The name asked for; the remote's, or its local name, perhaps behind a random label. */
      readonly host: string
      readonly families: readonly Family[]
    }
  | { readonly type: 'query.answered'; readonly query: number; readonly addresses: readonly string[] }
  | { readonly type: 'query.failed'; readonly query: number; readonly remote: RemoteRef; readonly failure: Failure }
  | {
      readonly type: 'candidate.skipped'
      readonly remote: RemoteRef
      readonly candidate: Candidate | null
      readonly failure: Failure
    }
  | {
      readonly type: 'attempt.started'
      readonly attempt: number
      readonly remote: RemoteRef
      readonly candidate: Candidate
    }
  | { readonly type: 'attempt.opened'; readonly attempt: number; readonly local?: Endpoint | undefined }
  | { readonly type: 'attempt.connected'; readonly attempt: number; readonly local?: Endpoint | undefined }
  | { readonly type: 'attempt.negotiated'; readonly attempt: number; readonly hop: number }
  | {
      readonly type: 'attempt.confirmed'
      readonly attempt: number
      readonly sent: number
      readonly received: number
    }
  | { readonly type: 'attempt.won'; readonly attempt: number; readonly confirmed: boolean }
  | { readonly type: 'attempt.failed'; readonly attempt: number; readonly failure: Failure }
  | { readonly type: 'attempt.cancelled'; readonly attempt: number; readonly failure: Failure }
  /** A held connection is gone. `kept`: it lived long enough to stay a success in the ledger. */
  | { readonly type: 'attempt.lost'; readonly attempt: number; readonly failure: Failure; readonly kept: boolean }
  /** With `float`: the peer of a held connection is elsewhere now. */
  | { readonly type: 'attempt.moved'; readonly attempt: number; readonly remote: Endpoint }
  /** Somebody came who may be the peer. */
  | { readonly type: 'peer.met'; readonly transport: Transport; readonly remote: Endpoint }
  | { readonly type: 'backoff.started'; readonly failed: number; readonly ms: number }
  | { readonly type: 'network.changed' }
  | { readonly type: 'client.failed'; readonly failure: Failure }
  | { readonly type: 'client.stopped' }
  | { readonly type: 'peer.failed'; readonly failure: Failure }
  | { readonly type: 'peer.stopped' }
)

export type Outcome = 'won' | 'failed' | 'cancelled' | 'skipped' | 'open'

/** One attempt, one skipped candidate (`attempt` null) or one failed look-up (`attempt` and `candidate` null). */
export interface LedgerEntry {
  readonly attempt: number | null
  readonly remote: RemoteRef
  readonly candidate: {
    readonly transport: Transport
    readonly family: Family
    readonly address: string
    readonly port: number
  } | null
  readonly local?: Endpoint | undefined
  readonly hops: readonly Hop[]
  /** ms since the root's start, as are the stages and `endedAt`. */
  readonly startedAt: number
  readonly stages: {
    readonly opened?: number
    readonly connected?: number
    /** The latest hop; `hop` says which, from 1. */
    readonly negotiated?: number
    readonly hop?: number
    readonly confirmed?: number
  }
  readonly endedAt?: number
  readonly outcome: Outcome
  readonly failure?: Failure
}

/** The current round and the last finished one, and how much there was in all. */
export interface Ledger {
  readonly current: readonly LedgerEntry[]
  readonly last: readonly LedgerEntry[]
  readonly counters: {
    readonly rounds: number
    readonly attempts: number
    readonly won: number
    readonly lost: number
    readonly failed: number
    readonly cancelled: number
    readonly skipped: number
    readonly queries: number
    readonly failedQueries: number
    /** Entries that a round had beyond its 2,000. */
    readonly dropped: number
  }
}

/** Entries kept of one round. */
export const MAX_ENTRIES = 2000

export const EMPTY_LEDGER: Ledger = {
  current: [],
  last: [],
  counters: {
    rounds: 0,
    attempts: 0,
    won: 0,
    lost: 0,
    failed: 0,
    cancelled: 0,
    skipped: 0,
    queries: 0,
    failedQueries: 0,
    dropped: 0,
  },
}

type Counter = keyof Ledger['counters']

/** The ledger after one more note. */
export function record(ledger: Ledger, note: Note): Ledger {
  const { at } = note
  switch (note.type) {
    case 'round.started':
      return count(ledger, 'rounds')
    case 'round.failed':
    case 'round.ended':
      return { ...ledger, last: ledger.current, current: [] }
    case 'query.started':
      return count(ledger, 'queries')
    case 'query.failed': {
      const { remote, failure } = note
      const entry: LedgerEntry = {
        attempt: null,
        candidate: null,
        remote,
        startedAt: at,
        hops: [],
        stages: {},
        endedAt: at,
        outcome: 'failed',
        failure,
      }
      return count(append(ledger, entry), 'failedQueries')
    }
    case 'candidate.skipped': {
      const { remote, failure } = note
      const { candidate, hops } = targetOf(note.candidate)
      const entry: LedgerEntry = {
        candidate,
        hops,
        attempt: null,
        remote,
        startedAt: at,
        stages: {},
        outcome: 'skipped',
        failure,
      }
      return count(append(ledger, entry), 'skipped')
    }
    case 'attempt.started': {
      const { attempt, remote } = note
      const { candidate, hops } = targetOf(note.candidate)
      const entry: LedgerEntry = { candidate, hops, attempt, remote, startedAt: at, stages: {}, outcome: 'open' }
      return count(append(ledger, entry), 'attempts')
    }
    case 'attempt.opened':
      return amend(ledger, note.attempt, (entry) => stage(entry, 'opened', at, note.local))
    case 'attempt.connected':
      return amend(ledger, note.attempt, (entry) => stage(entry, 'connected', at, note.local))
    case 'attempt.negotiated':
      return amend(ledger, note.attempt, (entry) => {
        const { stages } = entry
        return { ...entry, stages: { ...stages, negotiated: at, hop: note.hop } }
      })
    case 'attempt.confirmed':
      return amend(ledger, note.attempt, (entry) => stage(entry, 'confirmed', at))
    case 'attempt.won':
      return count(
        amend(ledger, note.attempt, (entry) => ({ ...entry, outcome: 'won' })),
        'won',
      )
    case 'attempt.failed':
      return count(end(ledger, note.attempt, at, 'failed', note.failure), 'failed')
    case 'attempt.cancelled':
      return count(end(ledger, note.attempt, at, 'cancelled', note.failure), 'cancelled')
    case 'attempt.lost':
      return count(end(ledger, note.attempt, at, note.kept ? 'won' : 'failed', note.failure), 'lost')
    case 'query.answered':
    case 'attempt.moved':
    case 'peer.met':
    case 'peer.failed':
    case 'peer.stopped':
    case 'backoff.started':
    case 'network.changed':
    case 'client.failed':
      return ledger
    case 'client.stopped':
      return closeAll(ledger, at)
  }
}

/** Both rounds, oldest first: what an error carries and a result prints. */
export function entriesOf(ledger: Ledger): readonly LedgerEntry[] {
  return ledger.last.length === 0 ? ledger.current : [...ledger.last, ...ledger.current]
}

/** What was tried at that endpoint. */
export function entryAt(entries: readonly LedgerEntry[], transport: Transport, { address, port }: Endpoint) {
  return entries.find(({ attempt, candidate }) => {
    if (attempt === null || candidate?.transport !== transport) return false
    return candidate.address === address && candidate.port === port
  })
}

/** The failure that explains a round best: its first (Go's rule: "the error from the first address is most relevant"). */
export function headlineOf(ledger: Ledger): Failure | undefined {
  const failed = (entry: LedgerEntry) => entry.outcome === 'failed'
  return (ledger.last.find(failed) ?? ledger.last.find((entry) => entry.outcome === 'skipped'))?.failure
}

function targetOf(candidate: Candidate | null): Pick<LedgerEntry, 'candidate' | 'hops'> {
  if (!candidate) return { candidate: null, hops: [] }
  const { transport, family, address, port, hops } = candidate
  return { candidate: { transport, family, address, port }, hops }
}

/** A round that is too long keeps its first half, which explains it, and its latest entries: the winner is of these. */
function append(ledger: Ledger, entry: LedgerEntry): Ledger {
  const { current } = ledger
  if (current.length < MAX_ENTRIES) return { ...ledger, current: [...current, entry] }
  const oldest = current.findIndex(({ outcome }, index) => index >= MAX_ENTRIES / 2 && outcome !== 'open')
  return count({ ...ledger, current: [...current.toSpliced(oldest, 1), entry] }, 'dropped')
}

function amend(ledger: Ledger, attempt: number, change: (entry: LedgerEntry) => LedgerEntry): Ledger {
  // What is amended is nearly always the newest entry, so the search runs from the end.
  const index = ledger.current.findLastIndex((entry) => entry.attempt === attempt)
  const found = ledger.current[index]
  return found ? { ...ledger, current: ledger.current.with(index, change(found)) } : ledger
}

// Entries are written out, as is whatever else is made often: V8 gives what is spread and then grown hidden classes of
// its own, each time, and these cost more than the entry.
function stage(
  entry: LedgerEntry,
  name: Exclude<keyof LedgerEntry['stages'], 'hop'>,
  at: number,
  where?: Endpoint,
): LedgerEntry {
  const { candidate, hops, attempt, remote, startedAt, outcome } = entry
  const local = where ?? entry.local
  const stages = stagesOf(entry, name, at)
  return { candidate, hops, attempt, remote, startedAt, stages, outcome, ...(local && { local }) }
}

function stagesOf({ stages }: LedgerEntry, name: keyof LedgerEntry['stages'], at: number): LedgerEntry['stages'] {
  const { opened } = stages
  if (name === 'opened' && opened === undefined) return { opened: at }
  if (name === 'connected' && opened !== undefined) return { opened, connected: at }
  return { ...stages, [name]: at }
}

function end(ledger: Ledger, attempt: number, endedAt: number, outcome: Outcome, failure: Failure): Ledger {
  return amend(ledger, attempt, ({ candidate, hops, remote, startedAt, stages, local }) => {
    return { candidate, hops, attempt, remote, startedAt, stages, outcome, ...(local && { local }), endedAt, failure }
  })
}

/** What still flew is cancelled; what was held ends as it was. */
function closeAll(ledger: Ledger, at: number): Ledger {
  const { current, counters } = ledger
  const open = current.filter((entry) => entry.outcome === 'open').length
  const cancelled = counters.cancelled + open
  return { ...ledger, current: current.map((entry) => close(entry, at)), counters: { ...counters, cancelled } }
}

function close(entry: LedgerEntry, at: number): LedgerEntry {
  if (entry.outcome === 'open') return { ...entry, outcome: 'cancelled', endedAt: at }
  return entry.outcome === 'won' && entry.endedAt === undefined ? { ...entry, endedAt: at } : entry
}

function count(ledger: Ledger, name: Counter): Ledger {
  return { ...ledger, counters: { ...ledger.counters, [name]: ledger.counters[name] + 1 } }
}

/**
 * What a run comes to, folded from its notes: the ledger of a client, the roster of a server, both of a peer, the
 * trace, the first outcome. The same shape as a scenario's result (`src/sim/result.ts`), so that one program reads both.
 */
import { type Failure, failure } from '../../failure.ts'
import { EMPTY_LEDGER, type Ledger, type Note, entriesOf, record } from '../../ledger.ts'
import { EMPTY_ROSTER, type Roster, type ServerNote, enrol } from '../../roster.ts'
import { EMPTY_PEER, type PeerNote, type PeerState, followPeer } from './peer-state.ts'
import type { ScenarioResult } from '../../sim/result.ts'
import { MAX_LINES, traceLine } from '../../trace.ts'

type First = Pick<ScenarioResult, 'outcome' | 'atMs' | 'winner' | 'failure'>

export interface Tape<Said, State> {
  /** Returns the state with the note in it. */
  readonly note: (note: Said) => State
  readonly state: () => State
  /** Of the latest note. */
  readonly at: () => number
  /** `pending`: nothing has come of it yet. */
  readonly result: () => ScenarioResult
}

/** How notes are folded, and what the result says of that. */
interface Fold<Said, State> {
  readonly empty: State
  readonly add: (state: State, note: Said) => State
  readonly firstOf: (note: Said, after: State) => First | undefined
  readonly harvest: (state: State) => Pick<ScenarioResult, 'ledger' | 'listeners' | 'counters'>
}

function newTape<Said extends Note | ServerNote, State>(fold: Fold<Said, State>): Tape<Said, State> {
  let state = fold.empty
  let first: First | undefined
  let at = 0
  const trace: string[] = []
  return {
    note: (note) => {
      state = fold.add(state, note)
      at = note.at
      first ??= fold.firstOf(note, state)
      if (trace.push(traceLine(note)) > MAX_LINES) trace.shift()
      return state
    },
    state: () => state,
    at: () => at,
    result: () => ({ ...(first ?? { outcome: 'pending', atMs: at }), ...fold.harvest(state), trace }),
  }
}

export function clientTape(): Tape<Note, Ledger> {
  return newTape({
    empty: EMPTY_LEDGER,
    add: record,
    firstOf: firstOfClient,
    harvest: (ledger) => ({ ledger: entriesOf(ledger) }),
  })
}

/** Its listeners are those of the time before the server was stopped: afterwards all are closed, whatever they were. */
export function serverTape(): Tape<ServerNote, Roster> {
  let listeners: Roster['listeners'] | undefined
  return newTape({
    empty: EMPTY_ROSTER,
    add: (roster: Roster, note: ServerNote) => {
      if (note.type === 'server.draining' || note.type === 'server.stopped') listeners ??= roster.listeners
      return enrol(roster, note)
    },
    firstOf: firstOfServer,
    harvest: (roster) => ({ ledger: [], listeners: listeners ?? roster.listeners, counters: roster.counters }),
  })
}

export function peerTape(): Tape<PeerNote, PeerState> {
  return newTape({
    empty: EMPTY_PEER,
    add: followPeer,
    firstOf: firstOfPeer,
    harvest: ({ ledger, roster }) => ({ ledger: entriesOf(ledger), listeners: roster.listeners }),
  })
}

function firstOfClient(note: Note, ledger: Ledger): First | undefined {
  const { at: atMs } = note
  if (note.type === 'client.stopped') return { outcome: 'stopped', atMs }
  if (note.type === 'client.failed') return { outcome: 'failed', atMs, failure: note.failure }
  return note.type === 'attempt.won' ? wonBy(note.attempt, atMs, ledger) : undefined
}

/** Of a peer that waits, walks come and go. */
function firstOfPeer(note: PeerNote, { ledger }: PeerState): First | undefined {
  const { at: atMs } = note
  if (note.type === 'peer.stopped') return { outcome: 'stopped', atMs }
  if (note.type === 'peer.failed') return { outcome: 'failed', atMs, failure: note.failure }
  return note.type === 'attempt.won' ? wonBy(note.attempt, atMs, ledger) : undefined
}

function wonBy(number: number, atMs: number, ledger: Ledger): First | undefined {
  const entry = ledger.current.find(({ attempt }) => attempt === number)
  if (!entry || !entry.candidate || entry.attempt === null) return undefined
  const { attempt, remote, candidate, local } = entry
  return { outcome: 'connected', atMs, winner: { attempt, remote, candidate, ...(local && { local }) } }
}

function firstOfServer(note: ServerNote): First | undefined {
  const { at: atMs } = note
  if (note.type === 'server.listening') return { outcome: 'listening', atMs }
  if (note.type === 'server.failed') return { outcome: 'failed', atMs, failure: note.failure }
  return note.type === 'server.stopped' ? { outcome: 'stopped', atMs } : undefined
}

/** Of a configuration that could not be run. */
export function refusal(message: string): ScenarioResult {
  const why: Failure = failure('CONFIG', 'plan', message)
  return { outcome: 'failed', atMs: 0, ledger: [], failure: why, trace: [] }
}

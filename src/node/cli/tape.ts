/**
 * What a run comes to, folded from its notes: the ledger, the trace, the first outcome. The same shape as a scenario's
 * result (`src/sim/result.ts`), so that one program reads both.
 */
import { type Failure, failure } from '../../failure.ts'
import { EMPTY_LEDGER, type Ledger, type Note, entriesOf, record } from '../../ledger.ts'
import type { ScenarioResult } from '../../sim/result.ts'
import { MAX_LINES, traceLine } from '../../trace.ts'

type First = Pick<ScenarioResult, 'outcome' | 'atMs' | 'winner' | 'failure'>

export interface Tape {
  /** Returns the ledger with the note in it. */
  readonly note: (note: Note) => Ledger
  readonly ledger: () => Ledger
  /** Of the latest note. */
  readonly at: () => number
  /** `pending`: nothing has come of it yet. */
  readonly result: () => ScenarioResult
}

export function newTape(): Tape {
  let ledger = EMPTY_LEDGER
  let first: First | undefined
  let at = 0
  const trace: string[] = []
  return {
    note: (note) => {
      ledger = record(ledger, note)
      at = note.at
      first ??= firstOf(note, ledger)
      if (trace.push(traceLine(note)) > MAX_LINES) trace.shift()
      return ledger
    },
    ledger: () => ledger,
    at: () => at,
    result: () => ({ ...(first ?? { outcome: 'pending', atMs: at }), ledger: entriesOf(ledger), trace }),
  }
}

function firstOf(note: Note, ledger: Ledger): First | undefined {
  const { at: atMs } = note
  if (note.type === 'client.stopped') return { outcome: 'stopped', atMs }
  if (note.type === 'client.failed') return { outcome: 'failed', atMs, failure: note.failure }
  const entry = note.type === 'attempt.won' && ledger.current.find(({ attempt }) => attempt === note.attempt)
  if (!entry || !entry.candidate || entry.attempt === null) return undefined
  const { attempt, remote, candidate, local } = entry
  return { outcome: 'connected', atMs, winner: { attempt, remote, candidate, ...(local && { local }) } }
}

/** Of a configuration that could not be run. */
export function refusal(message: string): ScenarioResult {
  const why: Failure = failure('CONFIG', 'plan', message)
  return { outcome: 'failed', atMs: 0, ledger: [], failure: why, trace: [] }
}

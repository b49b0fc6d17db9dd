/** What a peer has told of itself in a scenario, and what came of it: the same on both twins. */
import { EMPTY_LEDGER, type Ledger, type Note, entriesOf, record } from '../ledger.ts'
import { Roll, type Roster, type ServerNote, isWalkers } from '../roster.ts'
import { type Winner, winnerOf } from './client-part.ts'
import { type Outcome, Tape } from './play.ts'
import type { PeerResult } from './result.ts'

export class PeerBooks {
  readonly #tape = new Tape()
  /** Of the last life, as is the roster. */
  #ledger: Ledger = EMPTY_LEDGER
  #roll = new Roll()

  get ledger(): Ledger {
    return this.#ledger
  }

  get roster(): Roster {
    return this.#roll.roster
  }

  /** The connection of the moment. */
  get held(): Winner | undefined {
    return winnerOf(this.#ledger)
  }

  /** A life begins. */
  begin(): void {
    this.#ledger = EMPTY_LEDGER
    this.#roll = new Roll()
  }

  /** Its times count from the start of the scenario. */
  take(note: Note | ServerNote): void {
    if (isWalkers(note)) this.#ledger = record(this.#ledger, note)
    this.#roll.take(note)
    this.#tape.take(note, this.#outcomeOf(note))
  }

  harvest(untilMs: number): Omit<PeerResult, 'sent' | 'strangers' | 'inbox'> {
    const { listeners } = this.roster
    const outcome = this.#tape.outcome(untilMs)
    const isListening = outcome.outcome === 'pending' && listeners.some(({ state }) => state === 'bound')
    return {
      ...outcome,
      ...(isListening && { outcome: 'listening' as const }),
      ledger: entriesOf(this.#ledger),
      listeners,
      trace: [...this.#tape.lines],
    }
  }

  #outcomeOf(note: Note | ServerNote): Outcome | undefined {
    const { type, at: atMs } = note
    if (type === 'peer.stopped') return { outcome: 'stopped', atMs }
    if (type === 'peer.failed') return { outcome: 'failed', atMs, failure: note.failure }
    const winner = type === 'attempt.won' ? this.held : undefined
    return winner && { outcome: 'connected', atMs, winner }
  }
}

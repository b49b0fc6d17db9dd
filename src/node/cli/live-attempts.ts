/** The attempts of the round as lines that are drawn again and again, and below them what else is going on. */
import { EMPTY_LEDGER, type Ledger, type Note } from '../../ledger.ts'
import { printable } from '../../printable.ts'
import { isUnconfirmed, namedTargetOf, reasonOf } from '../explain.ts'
import { formatMs } from './duration.ts'
import { liveLines } from './ledger-view.ts'
import { movedLine } from './narrate-client.ts'
import type { Paint, Style } from './paint.ts'
import type { Size } from './pane.ts'
import { cut, wrap } from './table.ts'

export interface LiveAttempts {
  /** `after`: with the note in it. */
  readonly note: (note: Note, after: Ledger) => void
  /** No more than there is room for; `now`: ms since the root's start. */
  readonly linesOf: (size: Size, now: number) => string[]
  /** There is a time on them that goes on. */
  readonly isRunning: () => boolean
}

interface Status {
  readonly style: Style
  readonly text: (now: number) => string
}

export function liveAttempts(paint: Paint): LiveAttempts {
  let ledger: Ledger = EMPTY_LEDGER
  let round = 1
  /** Rounds: the last one is shown until the next begins. */
  let between = false
  let status: Status | undefined
  return {
    note: (note, after) => {
      ledger = after
      if (note.type === 'round.started') ({ round } = note)
      if (note.type.startsWith('round.')) between = note.type !== 'round.started'
      status = statusAfter(note, ledger, status)
    },
    linesOf: ({ width, height }, now) => {
      const sheet = { width, paint }
      const entries = between ? ledger.last : ledger.current
      const { style = 'dim', text } = status ?? {}
      const foot = text ? wrap(text(now), width).map((line) => paint(style, cut(line, width))) : []
      // Besides: the round, and what is hidden.
      const room = Math.max(1, height - 2 - Math.max(1, foot.length))
      const blocks = liveLines(entries.slice(-room), now, sheet)
      const shown = blocks.slice(-Math.max(1, Math.floor(room / (blocks[0]?.length ?? 1))))
      const hidden = entries.length - shown.length
      const head = [
        ...(round > 1 ? [paint('dim', `round ${round}`)] : []),
        ...(hidden > 0 ? [paint('dim', cut(`… ${hidden} earlier`, width))] : []),
      ]
      return [...head, ...shown.flat(), ...foot]
    },
    isRunning: () => ledger.current.some(({ outcome }) => outcome === 'open') || status?.style === 'yellow',
  }
}

/** The line below the table: what is going on that is no attempt. */
function statusAfter(note: Note, ledger: Ledger, before: Status | undefined): Status | undefined {
  switch (note.type) {
    case 'query.started':
      return { style: 'cyan', text: () => `looking up ${printable(note.host)}` }
    case 'backoff.started': {
      const until = note.at + note.ms
      return { style: 'yellow', text: (now) => `next round in ${Math.max(0, Math.ceil((until - now) / 1000))} s` }
    }
    case 'attempt.won': {
      const entry = ledger.current.findLast(({ attempt }) => attempt === note.attempt)
      const where = entry ? namedTargetOf(entry.candidate, entry.remote, entry.hops) : ''
      const doubt = entry && isUnconfirmed(entry) ? ', unconfirmed' : ''
      return { style: 'green', text: () => `connected to ${where} after ${formatMs(note.at)}${doubt}` }
    }
    case 'attempt.lost':
      return { style: 'red', text: () => `lost: ${reasonOf(note.failure)}` }
    case 'attempt.moved':
      return { style: 'green', text: () => movedLine(note.remote) }
    case 'client.failed':
    case 'peer.failed':
      return { style: 'red', text: () => printable(note.failure.message) }
    case 'attempt.started':
      // A loss is told until the next attempt is over.
      return before?.style === 'red' ? before : undefined
    case 'round.started':
    case 'query.answered':
    case 'query.failed':
    case 'attempt.failed':
    case 'client.stopped':
    case 'peer.stopped':
      return undefined
    case 'round.failed':
    case 'round.ended':
    case 'candidate.skipped':
    case 'attempt.opened':
    case 'attempt.connected':
    case 'attempt.negotiated':
    case 'attempt.confirmed':
    case 'attempt.cancelled':
    case 'peer.met':
    case 'network.changed':
      return before
  }
}

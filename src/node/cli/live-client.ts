/** The attempts of the round as a table that is redrawn in place, on a terminal. */
import { EMPTY_LEDGER, type Ledger, type Note } from '../../ledger.ts'
import { printable } from '../../printable.ts'
import { isUnconfirmed, namedTargetOf, reasonOf } from '../explain.ts'
import { formatMs } from './duration.ts'
import type { Screen } from './io.ts'
import { liveLines } from './ledger-view.ts'
import type { Paint, Style } from './paint.ts'
import { type Size, paneOn } from './pane.ts'
import { cut, wrap } from './table.ts'
import type { ClientView } from './view.ts'

interface Status {
  readonly style: Style
  readonly text: (now: number) => string
}

/** `clock`: ms from anywhere. */
export function liveClient(screen: Screen, paint: Paint, clock: () => number = () => performance.now()): ClientView {
  let ledger: Ledger = EMPTY_LEDGER
  let round = 1
  /** Rounds: the last one is shown until the next begins. */
  let between = false
  let status: Status | undefined
  /** The root's time was `at` when the clock said `since`. */
  let seen = { at: 0, since: clock() }

  const now = () => seen.at + Math.floor(clock() - seen.since)
  const isRunning = () => ledger.current.some(({ outcome }) => outcome === 'open') || status?.style === 'yellow'

  const linesOf = ({ width, height }: Size): string[] => {
    const sheet = { width, paint }
    const entries = between ? ledger.last : ledger.current
    const { style = 'dim', text } = status ?? {}
    const foot = text ? wrap(text(now()), width).map((line) => paint(style, cut(line, width))) : []
    // Besides: the round, and what is hidden.
    const room = Math.max(1, height - 2 - Math.max(1, foot.length))
    const blocks = liveLines(entries.slice(-room), now(), sheet)
    const shown = blocks.slice(-Math.max(1, Math.floor(room / (blocks[0]?.length ?? 1))))
    const hidden = entries.length - shown.length
    const head = [
      ...(round > 1 ? [paint('dim', `round ${round}`)] : []),
      ...(hidden > 0 ? [paint('dim', cut(`… ${hidden} earlier`, width))] : []),
    ]
    return [...head, ...shown.flat(), ...foot]
  }

  const pane = paneOn(screen, linesOf, isRunning)
  return {
    note: (note, after) => {
      ledger = after
      seen = { at: note.at, since: clock() }
      if (note.type === 'round.started') ({ round } = note)
      if (note.type.startsWith('round.')) between = note.type !== 'round.started'
      status = statusAfter(note, ledger, status)
      if (pane.isLent() && note.type !== 'attempt.lost') return
      pane.reclaim()
      pane.draw()
    },
    say: pane.say,
    settle: pane.lend,
    suspend: pane.suspend,
    renew: pane.renew,
    end: pane.end,
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
      const where = entry ? namedTargetOf(entry.candidate, entry.remote) : ''
      const doubt = entry && isUnconfirmed(entry) ? ', unconfirmed' : ''
      return { style: 'green', text: () => `connected to ${where} after ${formatMs(note.at)}${doubt}` }
    }
    case 'attempt.lost':
      return { style: 'red', text: () => `lost: ${reasonOf(note.failure)}` }
    case 'client.failed':
      return { style: 'red', text: () => printable(note.failure.message) }
    case 'attempt.started':
      // A loss is told until the next attempt is over.
      return before?.style === 'red' ? before : undefined
    case 'round.started':
    case 'query.answered':
    case 'query.failed':
    case 'attempt.failed':
    case 'client.stopped':
      return undefined
    case 'round.failed':
    case 'round.ended':
    case 'candidate.skipped':
    case 'attempt.opened':
    case 'attempt.connected':
    case 'attempt.negotiated':
    case 'attempt.confirmed':
    case 'attempt.cancelled':
    case 'network.changed':
      return before
  }
}

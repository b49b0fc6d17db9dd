/**
 * The attempts of the round as a table that is redrawn in place, on a terminal. It draws when something happens, and
 * four times a second while a time on it runs; it hides no cursor and sets no mode, so there is nothing to restore but
 * its own lines.
 */
import { stripVTControlCharacters } from 'node:util'
import { EMPTY_LEDGER, type Ledger, type Note } from '../../ledger.ts'
import { printable } from '../../printable.ts'
import { isUnconfirmed, namedTargetOf, reasonOf } from '../explain.ts'
import { formatMs } from './duration.ts'
import { type Screen, freshLine } from './io.ts'
import { cut, liveLines, wrap } from './ledger-view.ts'
import type { Paint, Style } from './paint.ts'
import type { View } from './view.ts'

/** ms between two drawings while only time goes on. */
const TICK = 250

interface Status {
  readonly style: Style
  readonly text: (now: number) => string
}

/** `clock`: ms from anywhere. */
export function liveView(screen: Screen, paint: Paint, clock: () => number = () => performance.now()): View {
  let ledger: Ledger = EMPTY_LEDGER
  let round = 1
  /** Rounds: the last one is shown until the next begins. */
  let between = false
  let status: Status | undefined
  /** The root's time was `at` when the clock said `since`. */
  let seen = { at: 0, since: clock() }
  let drawn: readonly string[] = []
  let ticker: NodeJS.Timeout | undefined
  /** There is something to draw: from the first note to the end. */
  let alive = false
  /** The screen is a connection's, which writes on it as it likes. */
  let lent = false

  const width = () => Math.max(20, screen.columns ?? 80) - 1
  const now = () => seen.at + Math.floor(clock() - seen.since)

  const linesOf = (): string[] => {
    const sheet = { width: width(), paint }
    const entries = between ? ledger.last : ledger.current
    const { style = 'dim', text } = status ?? {}
    const foot = text ? wrap(text(now()), sheet.width).map((line) => paint(style, cut(line, sheet.width))) : []
    // Besides: the round, what is hidden, and the cursor's own line.
    const room = Math.max(1, (screen.rows ?? 24) - 3 - Math.max(1, foot.length))
    const blocks = liveLines(entries.slice(-room), now(), sheet)
    const shown = blocks.slice(-Math.max(1, Math.floor(room / (blocks[0]?.length ?? 1))))
    const hidden = entries.length - shown.length
    const head = [
      ...(round > 1 ? [paint('dim', `round ${round}`)] : []),
      ...(hidden > 0 ? [paint('dim', cut(`… ${hidden} earlier`, sheet.width))] : []),
    ]
    return [...head, ...shown.flat(), ...foot]
  }

  /** A terminal that has become narrower has broken our lines, and they take more rows now. */
  const rowsOf = (line: string) =>
    Math.max(1, Math.ceil(stripVTControlCharacters(line).length / (screen.columns ?? 80)))
  const erasure = () => {
    const rows = drawn.reduce((sum, line) => sum + rowsOf(line), 0)
    return rows > 0 ? `\u001B[${rows}A\r\u001B[J` : ''
  }

  const draw = () => {
    if (!alive || lent) return
    const lines = linesOf()
    if (lines.length === drawn.length && lines.every((line, i) => line === drawn[i])) return
    screen.write(erasure() + lines.map((line) => `${line}\n`).join(''))
    drawn = lines
  }

  const rest = () => {
    clearInterval(ticker)
    ticker = undefined
  }
  const tick = () => {
    const running = ledger.current.some((entry) => entry.outcome === 'open') || status?.style === 'yellow'
    if (!running) return rest()
    // Behind the signals: the one that comes with `fg` says that the lines above are no longer ours.
    ticker ??= setInterval(() => setImmediate(draw), TICK).unref()
  }

  const onResize = () => {
    if (!alive || lent) return
    screen.write(erasure())
    drawn = []
    draw()
  }
  screen.on('resize', onResize)

  return {
    note: (note, after) => {
      alive = true
      ledger = after
      seen = { at: note.at, since: clock() }
      if (note.type === 'round.started') ({ round } = note)
      if (note.type.startsWith('round.')) between = note.type !== 'round.started'
      status = statusAfter(note, ledger, status)
      if (lent && note.type !== 'attempt.lost') return
      if (lent) screen.write(freshLine(screen))
      lent = false
      draw()
      tick()
    },
    say: (sentence) => {
      screen.write(`${lent ? freshLine(screen) : erasure()}${sentence}\n`)
      drawn = []
      if (alive && !lent) draw()
    },
    settle: () => {
      draw()
      drawn = []
      lent = true
      rest()
    },
    suspend: () => {
      drawn = []
    },
    renew: () => {
      if (!alive || lent) return
      screen.write(freshLine(screen))
      drawn = []
      draw()
    },
    end: () => {
      rest()
      screen.off('resize', onResize)
      screen.write(lent ? freshLine(screen) : erasure())
      drawn = []
      alive = lent = false
    },
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

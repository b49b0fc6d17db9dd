/** The listeners of a server as a table that is redrawn in place, on a terminal; its clients come and go above. */
import { EMPTY_ROSTER, type Roster, type ServerNote } from '../../roster.ts'
import { printable } from '../../printable.ts'
import { collapse } from './collapse.ts'
import { eventLine } from './event-line.ts'
import { type Screen, widthOf } from './io.ts'
import { narrateServer } from './narrate-server.ts'
import type { Paint, Style } from './paint.ts'
import { type Size, paneOn } from './pane.ts'
import { countersLine, liveRosterLines, sockets } from './roster-view.ts'
import { cut, wrap } from './table.ts'
import type { ServerView } from './view.ts'

type Status = readonly [text: string, style: Style]

/** What the table does not show: it stays above. */
const TOLD: ReadonlySet<ServerNote['type']> = new Set([
  'query.failed',
  'address.skipped',
  'listener.lost',
  'listener.escalated',
  'server.warned',
  'peer.accepted',
  'peer.refused',
  'peer.dropped',
  'peer.closed',
])

/** `clock`: ms from anywhere. */
export function liveServer(screen: Screen, paint: Paint, clock: () => number = () => performance.now()): ServerView {
  let roster = EMPTY_ROSTER
  let status: Status | undefined
  /** All listeners are closed then. */
  let isDraining = false
  /** When a listener is bound again. */
  const due = new Map<number, number>()
  /** The root's time was `at` when the clock said `since`. */
  let seen = { at: 0, since: clock() }

  const now = () => seen.at + Math.floor(clock() - seen.since)
  const dueIn = (listener: number) => {
    const then = due.get(listener)
    return then === undefined ? undefined : then - now()
  }

  const linesOf = ({ width, height }: Size): string[] => {
    const { listeners, counters } = roster
    const [text, style] = status ?? ['', 'dim']
    const counted = wrap(countersLine(counters), width).map((line) => cut(line, width))
    const said = text === '' ? [] : wrap(text, width).map((line) => paint(style, cut(line, width)))
    const foot = [...(listeners.length > 0 ? counted : []), ...said]
    const shown = isDraining ? [] : mostTelling(listeners, Math.max(1, height - 1 - foot.length))
    const hidden = isDraining ? 0 : listeners.length - shown.length
    const head = hidden > 0 ? [paint('dim', cut(`… ${hidden} more listeners`, width))] : []
    return [...head, ...liveRosterLines(shown, dueIn, { width, paint }), ...foot]
  }

  const pane = paneOn(screen, linesOf, () => due.size > 0)
  const lines = collapse((at, told) => pane.say(eventLine(at, told, { width: widthOf(screen), paint })))
  return {
    note: (note, after) => {
      roster = after
      seen = { at: note.at, since: clock() }
      if (note.type === 'listener.waiting') due.set(note.listener, note.at + note.ms)
      else if (note.type === 'listener.started' || note.type === 'listener.closed') due.delete(note.listener)
      isDraining ||= note.type === 'server.draining'
      status = statusAfter(note, status)
      const narrated = TOLD.has(note.type) ? narrateServer(note, roster) : undefined
      if (narrated) lines.tell(note.at, ...narrated)
      if (note.type.startsWith('peer.')) pane.drawSoon()
      else pane.draw()
    },
    say: pane.say,
    suspend: pane.suspend,
    renew: pane.renew,
    end: () => {
      lines.end()
      pane.end()
    },
  }
}

/** Where there is no room for all, those that are not bound come first. */
function mostTelling(listeners: Roster['listeners'], room: number): Roster['listeners'] {
  if (listeners.length <= room) return listeners
  const [bound, others] = [true, false].map((is) => listeners.filter(({ state }) => (state === 'bound') === is))
  const chosen = new Set([...(others ?? []), ...(bound ?? [])].slice(0, room))
  return listeners.filter((entry) => chosen.has(entry))
}

/** The line below the table: what is going on that is no listener's. */
function statusAfter(note: ServerNote, before: Status | undefined): Status | undefined {
  switch (note.type) {
    case 'query.started':
      return [`looking up ${printable(note.host)}`, 'cyan']
    case 'query.answered':
    case 'query.failed':
      return undefined
    case 'server.listening':
      return [`listening on ${sockets(note.bound)}`, 'green']
    case 'server.draining':
      return ['nobody is let in any more', 'yellow']
    case 'server.failed':
      return [printable(note.failure.message), 'red']
    default:
      return before
  }
}

/** The listeners of a server as a table that is redrawn in place, on a terminal; its clients come and go above. */
import { EMPTY_ROSTER, type Roster, type RosterEntry, type ServerNote } from '../../roster.ts'
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
  let phase: Phase | undefined
  /** Names that are being looked up, by query. */
  const lookups = new Map<number, string>()
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
    const isDraining = phase?.type === 'server.draining'
    const [text, style] = statusOf(phase, roster, [...lookups.values()].at(-1))
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
      if (note.type === 'query.started') lookups.set(note.query, note.host)
      else if ('query' in note) lookups.delete(note.query)
      if (isPhase(note)) phase = note
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
  const isBound = ({ state }: RosterEntry) => state === 'bound'
  const telling = [...listeners.filter((entry) => !isBound(entry)), ...listeners.filter(isBound)]
  const chosen = new Set(telling.slice(0, room))
  return listeners.filter((entry) => chosen.has(entry))
}

const PHASES = ['server.listening', 'server.draining', 'server.failed'] as const
type Phase = Extract<ServerNote, { readonly type: (typeof PHASES)[number] }>
const isPhase = (note: ServerNote): note is Phase => (PHASES as readonly string[]).includes(note.type)

/** The line below the table: what is going on that is no listener's. */
function statusOf(phase: Phase | undefined, { listeners }: Roster, host: string | undefined): Status {
  if (phase?.type === 'server.failed') return [printable(phase.failure.message), 'red']
  // All listeners are closed then, and nothing is looked up.
  if (phase?.type === 'server.draining') return ['nobody is let in any more', 'yellow']
  if (host !== undefined) return [`looking up ${printable(host)}`, 'cyan']
  if (!phase) return ['', 'dim']
  const bound = listeners.filter(({ state }) => state === 'bound').length
  return [`listening on ${sockets(bound)}`, bound > 0 ? 'green' : 'yellow']
}

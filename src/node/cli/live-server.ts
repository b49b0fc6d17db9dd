/** The listeners of a server as a table that is redrawn in place, on a terminal; its clients come and go above. */
import { EMPTY_ROSTER, type Roster, type ServerNote } from '../../roster.ts'
import { printable } from '../../printable.ts'
import { collapse } from './collapse.ts'
import { eventLine } from './event-line.ts'
import { type Screen, widthOf } from './io.ts'
import { liveListeners } from './live-listeners.ts'
import { isNoRow, narrateServer } from './narrate-server.ts'
import type { Paint, Style } from './paint.ts'
import { type Size, paneOn } from './pane.ts'
import { rootTime } from './root-time.ts'
import { countersLine, sockets } from './roster-view.ts'
import { cut, wrap } from './table.ts'
import type { ServerView } from './view.ts'

type Status = readonly [text: string, style: Style]

/** `clock`: ms from anywhere. */
export function liveServer(screen: Screen, paint: Paint, clock: () => number = () => performance.now()): ServerView {
  let roster = EMPTY_ROSTER
  let phase: Phase | undefined
  /** Names that are being looked up, by query. */
  const lookups = new Map<number, string>()
  const table = liveListeners(paint)
  const time = rootTime(clock)

  const linesOf = ({ width, height }: Size): string[] => {
    const { listeners, counters } = roster
    const isDraining = phase?.type === 'server.draining'
    const [text, style] = statusOf(phase, roster, [...lookups.values()].at(-1))
    const counted = wrap(countersLine(counters), width).map((line) => cut(line, width))
    const said = text === '' ? [] : wrap(text, width).map((line) => paint(style, cut(line, width)))
    const foot = [...(listeners.length > 0 ? counted : []), ...said]
    return isDraining ? foot : [...table.linesOf({ width, height: height - foot.length }, time.now()), ...foot]
  }

  const pane = paneOn(screen, linesOf, table.isRunning)
  const lines = collapse((at, told) => pane.say(eventLine(at, told, { width: widthOf(screen), paint })))
  return {
    note: (note, after) => {
      roster = after
      time.set(note.at)
      table.note(note, roster)
      if (note.type === 'query.started') lookups.set(note.query, note.host)
      else if ('query' in note) lookups.delete(note.query)
      if (isPhase(note)) phase = note
      const narrated = isNoRow(note) ? narrateServer(note, roster) : undefined
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

/** The sockets of a server or a peer as lines that are drawn again and again. */
import type { Roster, RosterEntry, ServerNote } from '../../roster.ts'
import type { Paint } from './paint.ts'
import type { Size } from './pane.ts'
import { liveRosterLines } from './roster-view.ts'
import { cut } from './table.ts'

type Listeners = Roster['listeners']

export interface LiveListeners {
  /** `after`: with the note in it. */
  readonly note: (note: ServerNote, after: Roster) => void
  /** No more than there is room for; `now`: ms since the root's start. */
  readonly linesOf: (size: Size, now: number) => string[]
  /** There is a time on them that goes on. */
  readonly isRunning: () => boolean
}

export function liveListeners(paint: Paint): LiveListeners {
  let listeners: Listeners = []
  /** When a listener is bound again. */
  const due = new Map<number, number>()
  return {
    note: (note, after) => {
      listeners = after.listeners
      if (note.type === 'listener.waiting') due.set(note.listener, note.at + note.ms)
      else if (note.type === 'listener.started' || note.type === 'listener.closed') due.delete(note.listener)
    },
    linesOf: ({ width, height }, now) => {
      const dueIn = (listener: number) => {
        const then = due.get(listener)
        return then === undefined ? undefined : then - now
      }
      const shown = mostTelling(listeners, Math.max(1, height - 1))
      const hidden = listeners.length - shown.length
      const head = hidden > 0 ? [paint('dim', cut(`… ${hidden} more listeners`, width))] : []
      return [...head, ...liveRosterLines(shown, dueIn, { width, paint })]
    },
    isRunning: () => due.size > 0,
  }
}

/** Where there is no room for all, those that are not bound come first. */
function mostTelling(listeners: Listeners, room: number): Listeners {
  if (listeners.length <= room) return listeners
  const isBound = ({ state }: RosterEntry) => state === 'bound'
  const telling = [...listeners.filter((entry) => !isBound(entry)), ...listeners.filter(isBound)]
  const chosen = new Set(telling.slice(0, room))
  return listeners.filter((entry) => chosen.has(entry))
}

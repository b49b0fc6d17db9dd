/** The sockets of a peer and the attempts of its round as tables that are redrawn in place, on a terminal. */
import { type RosterEntry, isWalkers } from '../../roster.ts'
import { collapse } from './collapse.ts'
import { eventLine } from './event-line.ts'
import { type Screen, widthOf } from './io.ts'
import { liveAttempts } from './live-attempts.ts'
import { liveListeners } from './live-listeners.ts'
import { isNoRow, narrateServer } from './narrate-server.ts'
import type { Paint } from './paint.ts'
import { type Size, paneOn } from './pane.ts'
import { EMPTY_PEER, type PeerNote } from './peer-state.ts'
import { rootTime } from './root-time.ts'
import { cut } from './table.ts'
import type { PeerView } from './view.ts'

/** `waits`: it tries nobody; `clock`: ms from anywhere. */
export function livePeer(
  screen: Screen,
  paint: Paint,
  waits: boolean,
  clock: () => number = () => performance.now(),
): PeerView {
  const attempts = liveAttempts(paint)
  const listeners = liveListeners(paint)
  const time = rootTime(clock)
  let state = EMPTY_PEER
  /** Who waits walks to whom he has met. */
  let isWalking = false

  const linesOf = ({ width, height }: Size): string[] => {
    const isWaiting = waits && !isWalking && state.roster.listeners.some(isBound)
    const foot = isWaiting ? [paint('cyan', cut('waiting for the peer', width))] : []
    const bound = listeners.linesOf({ width, height: Math.floor(height / 2) }, time.now())
    const room = height - bound.length - foot.length - 1
    const walk = attempts.linesOf({ width, height: room }, time.now())
    return [...bound, ...(bound.length > 0 && walk.length > 0 ? [''] : []), ...walk, ...foot]
  }

  const pane = paneOn(screen, linesOf, () => attempts.isRunning() || listeners.isRunning())
  const lines = collapse((at, told) => pane.say(eventLine(at, told, { width: widthOf(screen), paint })))
  return {
    note: (note, after) => {
      state = after
      time.set(note.at)
      isWalking = walksAfter(note, isWalking)
      // A walk that is over is no end: who waits waits again, of the others "peer.failed" says it.
      if (!isWalkers(note)) listeners.note(note, after.roster)
      else if (note.type !== 'client.failed') attempts.note(note, after.ledger)
      const narrated = !isWalkers(note) && isNoRow(note) ? narrateServer(note, after.roster) : undefined
      if (narrated) lines.tell(note.at, ...narrated)
      if (pane.isLent() && note.type !== 'attempt.lost') return
      pane.reclaim()
      pane.draw()
    },
    say: pane.say,
    settle: pane.lend,
    suspend: pane.suspend,
    renew: pane.renew,
    end: () => {
      lines.end()
      pane.end()
    },
  }
}

const isBound = ({ state }: RosterEntry) => state === 'bound'

function walksAfter({ type }: PeerNote, before: boolean): boolean {
  if (type === 'round.started') return true
  return type === 'client.failed' || type === 'client.stopped' ? false : before
}

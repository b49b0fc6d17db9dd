/** The attempts of the round as a table that is redrawn in place, on a terminal. */
import type { Screen } from './io.ts'
import { liveAttempts } from './live-attempts.ts'
import type { Paint } from './paint.ts'
import { paneOn } from './pane.ts'
import { rootTime } from './root-time.ts'
import type { ClientView } from './view.ts'

/** `clock`: ms from anywhere. */
export function liveClient(screen: Screen, paint: Paint, clock: () => number = () => performance.now()): ClientView {
  const attempts = liveAttempts(paint)
  const time = rootTime(clock)
  const pane = paneOn(screen, (size) => attempts.linesOf(size, time.now()), attempts.isRunning)
  return {
    note: (note, after) => {
      time.set(note.at)
      attempts.note(note, after)
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

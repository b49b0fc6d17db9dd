/**
 * Lines on a terminal that are redrawn in place, with sentences above them that stay. It hides no cursor and sets no
 * mode, so there is nothing to restore but its own lines. What they say, its owner knows.
 */
import { stripVTControlCharacters } from 'node:util'
import { type Screen, freshLine } from './io.ts'

/** ms between two drawings while only time goes on. */
const TICK = 250
/** ms within which much that happens is drawn once. */
const SOON = 100

export interface Size {
  readonly width: number
  /** Lines that leave room for the cursor's own. */
  readonly height: number
}

export interface Pane {
  /** Draws, from the first time to the end; four times a second while a time on it runs. */
  readonly draw: () => void
  /** Draws before long: for what may happen a thousand times a second. */
  readonly drawSoon: () => void
  /** A sentence that stays. */
  readonly say: (sentence: string) => void
  /** The screen is somebody else's, who writes on it as he likes; the lines stand as they are. */
  readonly lend: () => void
  readonly isLent: () => boolean
  /** It is ours again, and new lines begin below. */
  readonly reclaim: () => void
  /** This process is about to be stopped, and a shell will write: the lines stand as they are. */
  readonly suspend: () => void
  /** Somebody else has written (a shell, while this process was stopped): the lines begin anew. */
  readonly renew: () => void
  /** The lines are taken away. */
  readonly end: () => void
}

/** `linesOf`: none longer than the width. `isRunning`: there is a time on them that goes on. */
export function paneOn(screen: Screen, linesOf: (size: Size) => readonly string[], isRunning: () => boolean): Pane {
  let drawn: readonly string[] = []
  let ticker: NodeJS.Timeout | undefined
  let soon: NodeJS.Timeout | undefined
  let alive = false
  let lent = false

  /** A terminal that has become narrower has broken our lines, and they take more rows now. */
  const rowsOf = (line: string) =>
    Math.max(1, Math.ceil(stripVTControlCharacters(line).length / (screen.columns ?? 80)))
  const erasure = () => {
    const rows = drawn.reduce((sum, line) => sum + rowsOf(line), 0)
    return rows > 0 ? `\u001B[${rows}A\r\u001B[J` : ''
  }

  const redraw = () => {
    if (!alive || lent) return
    const lines = linesOf({ width: Math.max(20, screen.columns ?? 80) - 1, height: (screen.rows ?? 24) - 1 })
    if (lines.length === drawn.length && lines.every((line, i) => line === drawn[i])) return
    screen.write(erasure() + lines.map((line) => `${line}\n`).join(''))
    drawn = lines
  }

  const rest = () => {
    clearInterval(ticker)
    clearTimeout(soon)
    ticker = soon = undefined
  }
  const draw = () => {
    redraw()
    if (!isRunning()) return rest()
    // Behind the signals: the one that comes with `fg` says that the lines above are no longer ours.
    ticker ??= setInterval(() => setImmediate(redraw), TICK).unref()
  }

  const onResize = () => {
    if (!alive || lent) return
    screen.write(erasure())
    drawn = []
    redraw()
  }
  screen.on('resize', onResize)

  return {
    draw: () => {
      alive = true
      draw()
    },
    drawSoon: () => {
      soon ??= setTimeout(() => {
        soon = undefined
        setImmediate(redraw)
      }, SOON).unref()
    },
    say: (sentence) => {
      screen.write(`${lent ? freshLine(screen) : erasure()}${sentence}\n`)
      drawn = []
      redraw()
    },
    lend: () => {
      redraw()
      drawn = []
      lent = true
      rest()
    },
    isLent: () => lent,
    reclaim: () => {
      if (lent) screen.write(freshLine(screen))
      lent = false
    },
    suspend: () => {
      drawn = []
    },
    renew: () => {
      if (!alive || lent) return
      screen.write(freshLine(screen))
      drawn = []
      redraw()
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

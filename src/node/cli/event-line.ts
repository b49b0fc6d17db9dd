/** `   1.01 s  attempt 1: tcp [::1]:443: failed to connect ...`: what happened, and when. */
import { formatMs } from './duration.ts'
import type { Style } from './paint.ts'
import { GAP, type Sheet, wrap } from './table.ts'

/** A sentence about an event; the whole of it in that style. */
export type Told = readonly [sentence: string, style?: Style | undefined]

/** Columns of the time. */
const TIME = 10

/** `at`: ms since the start. What a narrow screen breaks goes on behind the times. */
export function eventLine(at: number, [sentence, style]: Told, { width, paint }: Sheet): string {
  const lines = wrap(sentence, Math.max(20, width - TIME - GAP.length)).map((line) =>
    style ? paint(style, line) : line,
  )
  return `${paint('dim', formatMs(at).padStart(TIME))}${GAP}${lines.join(`\n${' '.repeat(TIME + GAP.length)}`)}`
}

/**
 * Rows of cells on a sheet: what the tables of the command line are made of. Text is cut or broken first and painted
 * then, since what is not seen has no length.
 */
import type { Paint, Style } from './paint.ts'

export interface Sheet {
  readonly width: number
  readonly paint: Paint
}

/** Between two cells. */
export const GAP = '  '

export type Cell = readonly [text: string, style: Style | undefined]
export const isCell = (cell: Cell | undefined): cell is Cell => cell !== undefined

export const longest = (texts: readonly string[], least = 0) =>
  texts.reduce((width, text) => Math.max(width, text.length), least)

/** At most `width` characters, the last one an ellipsis where something is missing. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

/** Cells in a line, each as wide as its text. */
export function paintCells(cells: readonly Cell[], width: number, paint: Paint): string {
  const full = cells
    .map(([text]) => text)
    .join(GAP)
    .trimEnd()
  const shown = cut(full, width)
  let at = 0
  return cells
    .map(([text, style], i) => {
      const from = i === 0 ? 0 : at + GAP.length
      const gap = shown.slice(at, from)
      at = from + text.length
      const part = shown.slice(from, at)
      return gap + (style ? paint(style, part) : part)
    })
    .join('')
}

/** Broken at blanks, behind the column of numbers. */
export function belowRow(text: string, indent: number, { width, paint }: Sheet, style: Style = 'dim'): string[] {
  if (text === '') return []
  const margin = ' '.repeat(indent + GAP.length)
  return wrap(text, Math.max(20, width - margin.length)).map((line) => margin + paint(style, line))
}

/** Breaks at blanks; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** A sentence as lines of the screen. */
export function sentenceLines(
  [text, style]: readonly [text: string, style?: Style],
  { width, paint }: Sheet,
): string[] {
  return wrap(text, width).map((line) => (style ? paint(style, line) : line))
}

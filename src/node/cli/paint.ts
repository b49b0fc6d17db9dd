/** Colours, where somebody sees them. */
import { styleText } from 'node:util'
import type { Screen } from './io.ts'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** The text in that style; the text itself where there are no colours. */
export type Paint = (style: Style, text: string) => string

export const plain: Paint = (_, text) => text

// Node looks at its own stdout unless it is told not to.
export const coloured: Paint = (style, text) => (text === '' ? '' : styleText(style, text, { validateStream: false }))

/**
 * Colours on a terminal. `--no-color` is stronger than `FORCE_COLOR`, and that than `NO_COLOR` (https://no-color.org),
 * as in Node.
 */
export function paintFor(
  screen: Screen,
  env: Readonly<Record<string, string | undefined>>,
  { noColor }: { readonly noColor: boolean },
): Paint {
  if (noColor) return plain
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced === '0' || forced === 'false' ? plain : coloured
  if (env['NO_COLOR'] || env['TERM'] === 'dumb') return plain
  return screen.isTTY ? coloured : plain
}

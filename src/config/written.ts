/** Values as a configuration's text has them, so that reading gives the same value again. */

/** Quoted where it must be. */
export function word(text: string): string {
  if (/^[^\s"'\\#;][^\s\\]*$/.test(text)) return text
  return text.includes("'") ? `"${text.replace(/["\\]/g, '\\$&')}"` : `'${text}'`
}

export const seconds = (ms: number): string => String(ms / 1000)

/** A line and whether it says something that its absence would not. */
export type Said = readonly [differs: boolean, line: string]

export const linesThatDiffer = (lines: readonly Said[]): readonly string[] =>
  lines.flatMap(([differs, line]) => (differs ? [line] : []))

export const block = (tag: string, lines: readonly string[]): readonly string[] => [
  `<${tag}>`,
  ...lines.map((line) => `  ${line}`),
  `</${tag}>`,
]

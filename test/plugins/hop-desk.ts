/** A desk for lines of hops, with files and handles of its own, and what was told to it. */
import type { Place } from '../../src/config/issue.ts'
import { INLINE } from '../../src/config/keys.ts'
import { tokenize } from '../../src/config/tokens.ts'
import { Vault } from '../../src/config/vault.ts'
import type { Desk, HopOption } from '../../src/plugins/plugin.ts'

export interface FakeDesk extends Desk {
  readonly vault: Vault
  /** `error 1:13: what is wrong (hint)`. */
  readonly told: readonly string[]
}

/** `handles`: of the `[[INLINE]]`s of `lines`, in order. */
export function fakeDesk(
  files: Readonly<Record<string, string>>,
  lines: readonly HopOption[],
  handles: readonly string[] = [],
): FakeDesk {
  const vault = new Vault()
  const told: string[] = []
  const marks = lines.flatMap(({ values }) => values.filter(({ text }) => text === INLINE))
  const report: Desk['report'] = ({ line, column }: Place, { severity, message, hint }) => {
    told.push(`${severity} ${line}:${column}: ${message}${hint === undefined ? '' : ` (${hint})`}`)
  }
  return {
    vault,
    told,
    report,
    keep: (secret) => vault.add(secret),
    read: ({ text, at }) => {
      if (text in files) return files[text]
      report(at, { severity: 'error', code: 'key', message: `cannot read ${text}` })
      return undefined
    },
    inlined: (value) => handles[marks.indexOf(value)],
  }
}

/** The lines of a text, as a plugin gets them: the first makes the hop. */
export function hopLines(text: string): readonly HopOption[] {
  return tokenize(text).lines.map(({ words: [name, ...values], block }) => {
    const placeOf = ({ line, column, length }: Omit<Place, 'file'>): Place => ({ file: 'a.ovpn', line, column, length })
    const body = block && 'body' in block ? { body: block.body } : {}
    const read = values.map((value) => ({ text: value.text, at: placeOf(value) }))
    return { name: name.text, at: placeOf(name), values: read, stands: 'below', ...body }
  })
}

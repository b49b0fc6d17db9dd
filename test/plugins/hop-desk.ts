/** A desk for lines of hops, with files and handles of its own, and what was told to it. */
import type { Place } from '../../src/config/issue.ts'
import { tokenize } from '../../src/config/tokens.ts'
import { Vault } from '../../src/config/vault.ts'
import type { Desk, HopLine } from '../../src/plugins/plugin.ts'

export interface FakeDesk extends Desk {
  readonly vault: Vault
  /** `error 1:13: what is wrong (hint)`. */
  readonly told: readonly string[]
}

export function fakeDesk(files: Readonly<Record<string, string>> = {}, handles: readonly string[] = []): FakeDesk {
  const vault = new Vault()
  const told: string[] = []
  const left = [...handles]
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
    inlined: () => left.shift(),
  }
}

/** The lines of a text, as a plugin gets them. */
export function hopLines(text: string): readonly HopLine[] {
  return tokenize(text).lines.map(({ words: [name, ...values], block }) => {
    const placeOf = ({ line, column, length }: Omit<Place, 'file'>): Place => ({ file: 'a.ovpn', line, column, length })
    const body = block && 'body' in block ? { body: block.body } : {}
    const read = values.map((value) => ({ text: value.text, at: placeOf(value) }))
    return { name: name.text, at: placeOf(name), values: read, ...body }
  })
}

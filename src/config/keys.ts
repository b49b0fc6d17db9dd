/**
 * Keys on their way from the text, or from a file beside it, into the vault. What leaves here is a handle; no message
 * quotes a key.
 */
import type { IssueList, Place } from './issue.ts'
import { type Entry, type Read, type Value, readSafely } from './source.ts'
import { readStaticKey } from './static-key.ts'
import { Vault } from './vault.ts'

/** Printed in place of a key (`print.ts`). */
export const INLINE = '[[INLINE]]'

/** A vault that is there already, and the handles for the `[[INLINE]]` of a text, in the order of the text. */
export interface Inlined {
  readonly vault: Vault
  readonly handles: readonly string[]
}

export class Keys {
  readonly vault: Vault
  readonly #inlined: ReadonlyMap<Value, string>
  readonly #read: Read
  readonly #issues: IssueList
  readonly #known = new Map<Entry, string | undefined>()
  readonly #exposed = new Set<Value>()

  /** `entries`: all of them, in the order of the text. */
  constructor(entries: readonly Entry[], inlined: Inlined | undefined, read: Read, issues: IssueList) {
    this.vault = inlined?.vault ?? new Vault()
    this.#inlined = handlesIn(entries, inlined?.handles ?? [])
    this.#read = read
    this.#issues = issues
  }

  /** The handle behind an `[[INLINE]]`. */
  inlined(value: Value): string | undefined {
    return this.#inlined.get(value)
  }

  /** The file that it names, which holds a secret: whoever may change it may choose it, and whoever may read it has it. */
  read(value: Value): ReturnType<Read> {
    const { text, at } = value
    const source = readSafely(this.#read, text, at.file)
    if ('problem' in source || source.exposed === undefined) return source
    if (source.exposed === 'writable') return { problem: 'everybody on this machine may change it; chmod 600 it' }
    if (!this.#exposed.has(value)) {
      const message = 'others on this machine may open this file, which holds a secret'
      this.#issues.report(at, { severity: 'warning', code: 'secret', message, hint: 'chmod 600 it' })
    }
    this.#exposed.add(value)
    return source
  }

  /** The handle of the key that this entry holds or names; `undefined` when it is broken, which is then reported. */
  handleOf(entry: Entry): string | undefined {
    if (!this.#known.has(entry)) this.#known.set(entry, this.#keep(entry))
    return this.#known.get(entry)
  }

  #keep(entry: Entry): string | undefined {
    if (entry.body !== undefined) return this.#parse(entry.body, entry.at)
    // What has no body names a file: that it has this value was judged with its scope.
    const [file] = entry.values as [Value]
    if (file.text === INLINE || file.text === '[inline]')
      return this.inlined(file) ?? this.#missing(entry.name, file.at)
    const source = this.read(file)
    if ('problem' in source) return this.#error(file.at, `cannot read this key file: ${source.problem}`)
    return this.#parse(source.text, file.at)
  }

  #parse(text: string, at: Place): string | undefined {
    const key = readStaticKey(text)
    return key.message === undefined ? this.vault.add(key.value) : this.#error(at, key.message, key.hint)
  }

  #missing(name: string, at: Place): undefined {
    return this.#error(at, 'the key itself is not here', `put it between <${name}> and </${name}>`)
  }

  #error(at: Place, message: string, hint?: string): undefined {
    this.#issues.report(at, { severity: 'error', code: 'key', message, hint })
    return undefined
  }
}

function handlesIn(entries: readonly Entry[], handles: readonly string[]): ReadonlyMap<Value, string> {
  const all = entries.flatMap(({ values, entries = [] }) => [...values, ...entries.flatMap((inner) => inner.values)])
  const marks = all.filter(({ text }) => text === INLINE)
  return new Map(marks.flatMap((mark, index) => (handles[index] === undefined ? [] : [[mark, handles[index]]])))
}

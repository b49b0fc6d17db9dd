/**
 * Text to lines of words with their places, as OpenVPN reads them (`parse_line` in its options_parse.c). Knows quotes,
 * comments and blocks, and not one directive.
 *
 * - Words are separated by blanks. `#` or `;` where a word could start begins a comment.
 * - "double quotes" with backslash escapes, 'single quotes' without; a quote inside a bare word is a character.
 * - A backslash stands before a backslash, a double quote or a blank, and before nothing else.
 * - `<name>` alone on its line opens a block, a line that starts with `</name>` closes it. The body of `<connection>`
 *   and `<listen>` is lines again, any other body is taken as it stands.
 *
 * Every character is visited a fixed number of times, whatever the text; `steps` is the count.
 */
import type { Problem } from './issue.ts'
import { nearest } from './nearest.ts'

export interface Token {
  readonly text: string
  /** Both from 1; a column is a UTF-16 unit. */
  readonly line: number
  readonly column: number
  /** As written, quotes and backslashes included. */
  readonly length: number
}

export interface Line {
  readonly words: readonly [Token, ...Token[]]
  /** The line opens a block; its only word is then the name without the brackets. */
  readonly block?: { readonly body: string } | { readonly lines: readonly Line[] }
}

export type Spot = Omit<Token, 'text'>

export interface Tokens {
  readonly lines: readonly Line[]
  readonly problems: readonly (Problem & { readonly spot: Spot })[]
  /** The text's lines as they were read, for excerpts: `rows[line - 1]`. */
  readonly rows: readonly string[]
  /** Characters looked at. */
  readonly steps: number
}

/** OpenVPN refuses longer lines. We warn, because a host name alone may be that long. */
const OPENVPN_LINE = 255
const MAX_LINE = 1024
/** OpenVPN's MAX_PARMS. It drops further words in silence. */
const MAX_WORDS = 16
export const MAX_BLOCK = 256 * 1024

export function tokenize(text: string): Tokens {
  return new Scanner(text).scan()
}

/** The blocks whose lines are directives. */
export const isScope = (name: string): boolean => name === 'connection' || name === 'listen'
const OPENING = /^\s*<\s*([^\s<>/]+)\s*>/
const isBlank = (char: string) => char === ' ' || (char >= '\t' && char <= '\r')

class Scanner {
  readonly #rows: readonly string[]
  readonly #problems: (Problem & { readonly spot: Spot })[] = []
  /** Rows that open any block, that open `<connection>` or `<listen>`, and that close a block by name; last one first. */
  readonly #openings: number[] = []
  readonly #scopes: number[] = []
  readonly #closings = new Map<string, number[]>()
  #row = 0
  #steps = 0

  constructor(text: string) {
    const rows = (text.startsWith('\uFEFF') ? text.slice(1) : text).split('\n')
    this.#rows = rows.map((row) => (row.endsWith('\r') ? row.slice(0, -1) : row))
  }

  scan(): Tokens {
    const nul = this.#rows.findIndex((row) => row.includes('\0'))
    if (nul >= 0) {
      const spot = { line: nul + 1, column: this.#text(nul).indexOf('\0') + 1, length: 1 }
      this.#error(spot, 'there is a NUL character: this is no text', 'save the file as UTF-8')
    }
    const lines = nul >= 0 ? [] : this.#allLines()
    return { lines, problems: this.#problems, rows: this.#rows, steps: this.#steps }
  }

  /** `row`: one that there is. */
  #text(row: number): string {
    return this.#rows[row] as string
  }

  #allLines(): Line[] {
    this.#findTags()
    return this.#linesUntil(this.#rows.length)
  }

  #findTags(): void {
    for (let row = this.#rows.length - 1; row >= 0; row--) {
      const text = this.#text(row)
      this.#steps += text.length
      const [, closed] = /^\s*<\/([^\s<>/]+)>/.exec(text) ?? []
      if (closed !== undefined) this.#closingsOf(closed).push(row)
      const [, opened] = OPENING.exec(text) ?? []
      if (opened !== undefined) this.#openings.push(row)
      if (opened !== undefined && isScope(opened)) this.#scopes.push(row)
    }
  }

  #closingsOf(name: string): number[] {
    const rows = this.#closings.get(name) ?? []
    this.#closings.set(name, rows)
    return rows
  }

  #linesUntil(end: number): Line[] {
    const lines: Line[] = []
    while (this.#row < end) {
      const words = this.#tagged(this.#wordsOf(this.#row++))
      const [first, second] = words
      if (!first) continue
      if (first.text.startsWith('-----BEGIN')) this.#skipLoosePem(first, end)
      else if (first.text.startsWith('</'))
        this.#error(first, `${first.text} closes nothing`, 'the block is not open here; remove the line')
      else if (/^<[^/].*>$/.test(first.text) && (!second || this.#closes(first, end))) {
        if (second) this.#error(second, `${first.text} stands alone on its line`, 'only a comment may follow')
        lines.push(this.#blockAt(first, end))
      } else lines.push({ words: [first, ...words.slice(1)] })
    }
    return lines
  }

  /** `< name >` is read as what was meant, since its body may be a password. */
  #tagged(words: Token[]): Token[] {
    const [first] = words
    if (!first?.text.startsWith('<')) return words
    const text = this.#text(first.line - 1)
    const [written = '', name = ''] = OPENING.exec(text) ?? []
    const length = written.trimStart().length
    if (length <= first.length) return words
    const tag = { ...first, text: `<${name}>`, length }
    this.#error(tag, 'there are no blanks in a tag', `write ${tag.text}`)
    return [tag, ...words.filter(({ column }) => column >= tag.column + length)]
  }

  // Otherwise what is in the block, a password perhaps, would be taken for directives, and shown.
  #closes({ text }: Token, end: number): boolean {
    return firstFrom(this.#closingsOf(text.slice(1, -1)), this.#row) < end
  }

  #blockAt(tag: Token, outerEnd: number): Line {
    const name = tag.text.slice(1, -1)
    const words: [Token] = [{ ...tag, text: name }]
    const start = this.#row
    const closing = firstFrom(this.#closingsOf(name), start)
    const next = firstFrom(isScope(name) ? this.#scopes : this.#openings, start)
    const isClosed = closing < outerEnd && !(isScope(name) && next < closing)
    // What is not closed ends where the next block opens, so that the rest of the file is judged all the same.
    const last = Math.min(next, outerEnd)
    const end = isClosed ? closing : (this.#misspelledEnd(name, last) ?? last)
    const behind = isClosed || end < last ? end + 1 : end
    if (!isClosed && end === last)
      this.#error(tag, `<${name}> is never closed`, `write </${name}> on a line of its own where it ends`)
    if (isScope(name)) {
      const lines = this.#linesUntil(end)
      this.#row = behind
      return { words, block: { lines } }
    }
    this.#row = behind
    const body = this.#rows.slice(start, end).join('\n')
    this.#steps += body.length
    if (body.length <= MAX_BLOCK) return { words, block: { body } }
    this.#error(tag, `<${name}> holds more than ${MAX_BLOCK / 1024} KiB`, 'no key or certificate is that long')
    return { words, block: { body: '' } }
  }

  /** The row of a closing tag with nearly this name, which is what was meant. */
  #misspelledEnd(name: string, end: number): number | undefined {
    for (let row = this.#row; row < end; row++) {
      const text = this.#text(row)
      this.#steps += text.length
      const [, blanks = '', tag = '', other = ''] = /^(\s*)(<\/\s*([^\s<>/]+)\s*>)/.exec(text) ?? []
      if (tag === '' || nearest(other, [name]) === undefined) continue
      const spot = { line: row + 1, column: blanks.length + 1, length: tag.length }
      this.#error(spot, `${tag} closes nothing`, `did you mean </${name}>?`)
      return row
    }
    return undefined
  }

  // A key whose tag was forgotten: its lines are no directives, and must not be shown as such.
  #skipLoosePem(first: Token, end: number): void {
    const hint = 'put it into a block: <ca>, <cert>, <key>, <tls-auth> or <tls-crypt>'
    this.#error(first, 'a key or certificate stands outside of a block', hint)
    while (this.#row < end && !this.#text(this.#row).includes('-----END')) this.#steps += this.#text(this.#row++).length
    this.#row = Math.min(end, this.#row + 1)
  }

  #wordsOf(row: number): Token[] {
    const text = this.#text(row)
    const line = row + 1
    this.#steps += text.length
    if (text.length > OPENVPN_LINE && !this.#acceptsLong(text, line)) return []
    const words: Token[] = []
    for (let at = 0; at < text.length;) {
      const char = text.charAt(at)
      if (char === '#' || char === ';') break
      if (isBlank(char)) {
        at++
        continue
      }
      const word = readWord(text, at)
      const spot = { line, column: word.at + 1, length: word.end - word.at }
      if (word.problem) {
        this.#error(spot, ...word.problem)
        return []
      }
      if (words.length === MAX_WORDS) {
        this.#error(spot, `a line has at most ${MAX_WORDS} words`, 'quote what belongs together: "one word"')
        return []
      }
      words.push({ text: word.text, ...spot })
      at = word.end
    }
    return words
  }

  #acceptsLong(text: string, line: number): boolean {
    if (text.length > MAX_LINE) {
      const spot = { line, column: MAX_LINE + 1, length: text.length - MAX_LINE }
      this.#error(spot, `a line has at most ${MAX_LINE} characters, this one has ${text.length}`, LONG)
      return false
    }
    const message = `OpenVPN refuses lines of more than ${OPENVPN_LINE} characters; this one has ${text.length}`
    const spot = { line, column: OPENVPN_LINE + 1, length: text.length - OPENVPN_LINE }
    this.#problems.push({ severity: 'warning', code: 'syntax', message, spot })
    return true
  }

  #error(spot: Spot, message: string, hint: string): void {
    const { line, column, length } = spot
    this.#problems.push({ severity: 'error', code: 'syntax', message, hint, spot: { line, column, length } })
  }
}

/** The first row from `row` on. The search only goes forward, so rows before it are dropped: each is seen once. */
function firstFrom(rows: number[], row: number): number {
  while ((rows.at(-1) ?? Infinity) < row) rows.pop()
  return rows.at(-1) ?? Infinity
}

const LONG = 'keys and certificates belong into blocks like <ca>'

interface Word {
  readonly text: string
  /** From the first character to behind the last one, as written; of a problem, its own stretch. */
  readonly at: number
  readonly end: number
  readonly problem?: readonly [message: string, hint: string]
}

function readWord(text: string, start: number): Word {
  const quote = text.charAt(start)
  const quoted = quote === '"' || quote === "'"
  let word = ''
  for (let at = quoted ? start + 1 : start; at < text.length; at++) {
    const char = text.charAt(at)
    if (quoted ? char === quote : isBlank(char)) return { text: word, at: start, end: quoted ? at + 1 : at }
    if (char !== '\\' || quote === "'") {
      word += char
      continue
    }
    const escaped = text.charAt(++at)
    if (!(escaped === '\\' || escaped === '"' || (escaped !== '' && isBlank(escaped)))) {
      return { text: word, at: at - 1, end: Math.min(at + 1, text.length), problem: BAD_BACKSLASH }
    }
    word += escaped
  }
  if (!quoted) return { text: word, at: start, end: text.length }
  const problem = [
    `the quotation that opens with ${quote} is not closed`,
    `write ${quote} behind its last word`,
  ] as const
  return { text: word, at: start, end: text.length, problem }
}

const BAD_BACKSLASH = [
  'a backslash stands only before a backslash, a double quote or a blank',
  "write \\\\ for one backslash, or put the word into 'single quotes'",
] as const

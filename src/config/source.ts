/**
 * Where a configuration comes from: a text, the files that it includes, the command line. Out come entries in the order
 * in which they count, each word with its place. Reads no file itself: `read` is injected.
 */
import { DIRECTIVES } from './directives.ts'
import type { IssueList, Place } from './issue.ts'
import { type Line, type Spot, type Token, tokenize } from './tokens.ts'

export interface Source {
  readonly text: string
  /** As issues name it. */
  readonly file: string
  /** What others on this machine may do with it, where that is known: open it, or even change it. */
  readonly exposed?: 'accessible' | 'writable' | undefined
}

/** Reads a file that a configuration names. `from`: the file that names it. A throw counts as a problem, too. */
export type Read = (path: string, from: string) => Source | { readonly problem: string }

export interface Value {
  readonly text: string
  readonly at: Place
}

/** One directive as it was written: its name, its values, and the body when it is a block. */
export interface Entry {
  readonly name: string
  readonly at: Place
  readonly values: readonly Value[]
  readonly body?: string | undefined
  readonly entries?: readonly Entry[] | undefined
  readonly origin: 'file' | 'command line'
}

export interface Sources {
  readonly main: Source
  readonly argv: readonly string[]
  readonly read: Read
  /** The directives that there are besides those of the table. */
  readonly others: ReadonlySet<string>
}

/** UTF-16 units, all files together. */
export const MAX_TEXT = 1024 * 1024
/** OpenVPN's max_recursive_levels. */
const MAX_DEPTH = 10
const MAX_FILES = 64

export interface Gathered {
  readonly entries: readonly Entry[]
  /** Every place's file, in the order in which they were read. */
  readonly files: readonly string[]
}

export function gather(sources: Sources, issues: IssueList): Gathered {
  const gatherer = new Gatherer(sources, issues)
  const fromFile = gatherer.file(sources.main, undefined, 1)
  return { entries: [...fromFile, ...gatherer.commandLine(sources.argv)], files: gatherer.files }
}

class Gatherer {
  readonly files: string[] = []
  readonly #read: Read
  readonly #others: ReadonlySet<string>
  readonly #issues: IssueList
  #filesLeft = MAX_FILES
  #budget = MAX_TEXT

  constructor({ read, others }: Sources, issues: IssueList) {
    this.#read = read
    this.#others = others
    this.#issues = issues
  }

  file({ text, file }: Source, from: Place | undefined, depth: number): readonly Entry[] {
    this.files.push(file)
    this.#budget -= text.length
    if (this.#budget < 0) {
      this.#error(
        from ?? wholeFile(file),
        `a configuration has at most ${MAX_TEXT / 1024 / 1024} MiB, includes and all`,
      )
      return []
    }
    const { lines, problems, rows } = tokenize(text)
    const placeOf = ({ line, column, length }: Spot): Place => {
      return { file, line, column, length, excerpt: showable(rows[line - 1] as string, this.#others) }
    }
    for (const { spot, ...problem } of problems) this.#issues.report(placeOf(spot), problem)
    return this.#expand(entriesOf(lines, placeOf, 'file'), depth)
  }

  /** `--proto tcp --remote host 443`: what follows a `--name` up to the next are its values. */
  commandLine(argv: readonly string[]): readonly Entry[] {
    const entries: Entry[] = []
    for (const words of grouped(argv)) {
      const [first = ''] = words
      // `--name=value` is no name, and its value may be a password.
      const file = /^--[\w-]+$/.test(first) ? `command line: ${first}` : 'command line'
      this.files.push(file)
      const excerpt = showable(words.join(' '), this.#others)
      const placeOf = (spot: Spot): Place => ({ file, ...spotOf(spot), excerpt })
      const [entry] = entriesOf([spelled(words)], placeOf, 'command line') as [Entry]
      if (isOption(first)) entries.push(entry)
      else this.#error(entry.at, `"${first}" belongs to no directive`, 'directives begin with --, as in --proto tcp')
    }
    return this.#expand(entries, 1)
  }

  #expand(entries: readonly Entry[], depth: number): readonly Entry[] {
    return entries.flatMap((entry) =>
      entry.name === 'config' && entry.values.length === 1 ? this.#include(entry, depth) : [entry],
    )
  }

  #include(entry: Entry, depth: number): readonly Entry[] {
    const [path] = entry.values as [Value]
    if (depth >= MAX_DEPTH) {
      const hint = 'does it include itself?'
      this.#error(path.at, `files include each other more than ${MAX_DEPTH} deep`, hint)
      return []
    }
    if (--this.#filesLeft < 1) {
      this.#error(path.at, `a configuration has at most ${MAX_FILES} files`)
      return []
    }
    const source = readSafely(this.#read, path.text, path.at.file)
    if ('problem' in source) this.#error(path.at, `cannot read this file: ${source.problem}`)
    return 'problem' in source ? [] : this.file(source, path.at, depth + 1)
  }

  #error(at: Place, message: string, hint?: string): void {
    this.#issues.report(at, { severity: 'error', code: 'source', message, hint })
  }
}

/** The injected reader is somebody else's code: its throw is a problem like any other. */
export function readSafely(read: Read, path: string, from: string): ReturnType<Read> {
  try {
    return read(path, from)
  } catch (error) {
    return { problem: error instanceof Error ? error.message : 'the reader failed' }
  }
}

function entriesOf(lines: readonly Line[], placeOf: (spot: Spot) => Place, origin: Entry['origin']): Entry[] {
  return lines.map(({ words: [first, ...rest], block }) => ({
    // OpenVPN takes `--name` in a file, too.
    name: isOption(first.text) ? first.text.slice(2) : first.text,
    at: placeOf(first),
    values: rest.map((word) => ({ text: word.text, at: placeOf(word) })),
    body: block && 'body' in block ? block.body : undefined,
    entries: block && 'lines' in block ? entriesOf(block.lines, placeOf, origin) : undefined,
    origin,
  }))
}

/** Each `--name` with the words behind it; words before the first are a group of their own. */
function grouped(argv: readonly string[]): readonly (readonly string[])[] {
  const groups: string[][] = []
  for (const word of argv) {
    const group = groups.at(-1)
    if (group && !isOption(word)) group.push(word)
    else groups.push([word])
  }
  return groups
}

const isOption = (word: string) => word.startsWith('--') && word.length > 2

const wholeFile = (file: string): Place => ({ file, line: 0, column: 0, length: 0 })

const spotOf = ({ line, column, length }: Spot): Spot => ({ line, column, length })

// The words of the command line came apart already; they are put on a line again to have places in it.
function spelled(words: readonly string[]): Line {
  let column = 1
  const tokens = words.map((text): Token => {
    const token = { text, line: 0, column, length: text.length }
    column += text.length + 1
    return token
  })
  const [first = { text: '', line: 0, column: 1, length: 0 }, ...rest] = tokens
  return { words: [first, ...rest] }
}

// The options of plugins take anything (a whole header).
const SECRETIVE = /auth|pass|secret|token|challenge|pin|key|-option/
/** `user:password@host`, wherever it stands. */
const CREDENTIALS = /:[^\s@]*@/
/** A name, and behind it nothing but a host and a number that may be a port: anything else may be a login. */
const HOST_AND_PORT = /^\s*\S+\s+(?:[\w.-]+|\[?[\da-fA-F:.]+\]?)\s+\d{1,5}(?=\s|$)/

/**
 * The line as it may be shown. Of a directive that is not ours to understand only the first word is: a password, a whole
 * header or a URL with a user in it may follow. Of one that plugins know, a host and a port are shown as well, unless it
 * sounds like a secret. What is no directive at all may be a password that came to stand on a line of its own.
 */
function showable(row: string, others: ReadonlySet<string>): string | undefined {
  const [start, name = ''] =
    /^\s*"?(?:--)?(<?[A-Za-z][\w-]{0,39}>?|<\/[^\s<>]{1,40}>|-----[A-Za-z0-9 -]{1,60})(?=["\s]|$)/.exec(row) ?? []
  const known = DIRECTIVES.get(name)?.kind
  if (start === undefined || (known === undefined && /^[A-Za-z]/.test(name) && !others.has(name))) return undefined
  if ((known === 'used' || known === 'refused') && !CREDENTIALS.test(row)) return row
  const isPlain = known === undefined && !SECRETIVE.test(name)
  const [head = start] = (isPlain && HOST_AND_PORT.exec(row)) || []
  return head.length < row.trimEnd().length ? `${head} …` : head
}

/**
 * What a command may touch of its process, so that a test can hand in something else. The only file that knows
 * `process`.
 */
import { EventEmitter } from 'node:events'
import type { Readable, Writable } from 'node:stream'

/** A terminal, when `isTTY`; `columns` and `rows` are its size. */
export type Screen = Writable & {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

export interface Io {
  readonly stdin: Readable
  readonly stdout: Screen
  readonly stderr: Screen
  readonly env: Readonly<Record<string, string | undefined>>
  /** Emits signals by their names. */
  readonly signals: Pick<EventEmitter, 'on' | 'off'>
  /** Stops the process until SIGCONT. */
  readonly stop: () => void
  /** Ends the process at once. */
  readonly exit: (code: number) => void
}

/**
 * | code | meaning |
 * |---|---|
 * | 0 | done |
 * | 1 | the command line or the configuration (R6 at run time, too) |
 * | 2 | could not connect, or resolve |
 * | 130 | interrupted |
 */
export const EXIT = { done: 0, config: 1, failed: 2, interrupted: 130 } as const

export function processIo(): Io {
  const { env, stdout, stderr } = process
  return {
    get stdin() {
      return process.stdin
    },
    stdout,
    stderr,
    env,
    signals: process,
    stop: () => void process.kill(process.pid, 'SIGSTOP'),
    exit: (code) => process.exit(code),
  }
}

/** Whoever reads us may stop reading, as `head` does: that is no error, and there is nobody left to tell. */
export function endWithReader(io: Io): void {
  io.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return io.exit(EXIT.done)
    io.stderr.write(`sockchart: standard output cannot be written: ${error.message}\n`)
    io.exit(EXIT.failed)
  })
  io.stderr.on('error', () => {})
}

/** Writes out what is still buffered, then ends the process: an abandoned look-up would hold it open for long. */
export async function leave(io: Io, code: number): Promise<void> {
  await Promise.all([flushed(io.stdout), flushed(io.stderr)])
  io.exit(code)
}

const flushed = (screen: Screen) => new Promise<void>((resolve) => screen.write('', () => resolve()))

/** The width in columns; what is no terminal has no end. */
export const widthOf = (screen: Screen): number => (screen.isTTY ? (screen.columns ?? 80) : Infinity)

/**
 * Takes the cursor to the beginning of a line that nobody has written on: blanks as wide as the terminal go on into the
 * next line where it stood in the middle of one, and change nothing where it stood at the beginning.
 */
export const freshLine = (screen: Screen): string => (screen.isTTY ? `${' '.repeat(screen.columns ?? 80)}\r` : '')

/** `at`: ms since the start, where there is one. */
export interface ProgramLine {
  readonly type: string
  readonly at?: number
  readonly [key: string]: unknown
}

/** One line of JSON, for programs: whatever it tells, `type` is first, then `at`. The last line's type is `result`. */
export function tellProgram(screen: Screen, { type, at, ...rest }: ProgramLine): void {
  screen.write(`${JSON.stringify({ type, at, ...rest })}\n`)
}

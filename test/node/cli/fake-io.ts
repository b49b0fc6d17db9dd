/** An `Io` of memory: what was written, a keyboard, signals, and the exit that did not happen. */
import { EventEmitter } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import type { Io } from '../../../src/node/cli/io.ts'

export class FakeScreen extends Writable {
  text = ''
  readonly isTTY: boolean
  columns: number | undefined
  rows = 24

  constructor(columns?: number) {
    super({ decodeStrings: false })
    this.columns = columns
    this.isTTY = columns !== undefined
  }

  override _write(chunk: string | Buffer, _: string, done: () => void): void {
    this.text += String(chunk)
    done()
  }

  /** JSON lines. */
  get lines(): Record<string, unknown>[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  /** Resolves when `part` has been written. */
  async until(part: string): Promise<void> {
    while (!this.text.includes(part)) await new Promise((resolve) => setImmediate(resolve))
  }
}

export interface FakeIo extends Io {
  readonly stdin: PassThrough
  readonly stdout: FakeScreen
  readonly stderr: FakeScreen
  readonly signals: EventEmitter
  readonly exits: number[]
  /** How often it was stopped. */
  readonly stops: () => number
}

/** `columns`: both outputs are terminals. */
export function fakeIo(columns?: number, env: Readonly<Record<string, string>> = {}): FakeIo {
  const exits: number[] = []
  let stops = 0
  return {
    stdin: new PassThrough(),
    stdout: new FakeScreen(columns),
    stderr: new FakeScreen(columns),
    env,
    signals: new EventEmitter(),
    exits,
    stops: () => stops,
    stop: () => void stops++,
    exit: (code) => void exits.push(code),
  }
}

/** A peer in a process of its own: what it says, and how to speak to it. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import type { Candidate } from '../../src/candidate.ts'
import type { PeerConfigInput } from '../../src/config/peer-schema.ts'
import type { Note } from '../../src/ledger.ts'
import type { ServerNote } from '../../src/roster.ts'

type Line =
  | Note
  | ServerNote
  | { readonly type: 'connected'; readonly candidate: Candidate }
  | { readonly type: 'heard'; readonly text: string }
  | { readonly type: 'failed'; readonly name: string; readonly message: string }
type LineOf<Type extends Line['type']> = Extract<Line, { readonly type: Type }>

const PROGRAM = fileURLToPath(new URL('peer-side.js', import.meta.url))

export class PeerSide {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #exit: Promise<unknown>
  readonly #lines: Line[] = []
  readonly #looks = new Set<() => void>()
  #complaints = ''

  /** `inside`: a command in front, which runs a program elsewhere. */
  constructor(config: PeerConfigInput, inside: readonly string[] = []) {
    const [command, ...args] = [...inside, process.execPath, PROGRAM, JSON.stringify(config)] as const
    this.#child = spawn(command, args)
    this.#exit = once(this.#child, 'exit')
    this.#child.stderr.on('data', (bytes) => (this.#complaints += String(bytes)))
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#lines.push(JSON.parse(line) as Line)
      for (const look of this.#looks) look()
    })
  }

  /** The next line of that kind, once; those before it are forgotten. */
  async told<Type extends Line['type']>(type: Type): Promise<LineOf<Type>> {
    for (;;) {
      const at = this.#lines.findIndex((line) => line.type === type)
      if (at >= 0) return this.#lines.splice(0, at + 1).at(-1) as LineOf<Type>
      await this.#more()
    }
  }

  async heard(): Promise<string> {
    return (await this.told('heard')).text
  }

  say(text: string): void {
    this.#child.stdin.write(`${text}\n`)
  }

  /** Without a word to anybody. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit
  }

  /** Closes it; what is left open would hold its process. */
  async close(): Promise<{ readonly code: number | null; readonly complaints: string }> {
    this.#child.stdin.end()
    await this.#exit
    return { code: this.#child.exitCode, complaints: this.#complaints }
  }

  async #more(): Promise<void> {
    let look = () => {}
    const more = new Promise<void>((resolve) => (look = resolve))
    this.#looks.add(look)
    const ended = this.#exit.then(() => {
      throw new Error(`the peer has ended: ${this.#complaints}`)
    })
    try {
      await Promise.race([more, ended])
    } finally {
      this.#looks.delete(look)
    }
  }
}

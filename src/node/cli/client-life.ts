/**
 * A client that runs until it is stopped, gives up, or its input and its connection have ended. It owns the terminal
 * while it dials, and lends it to the connection that it joins to standard input and output.
 */
import type { Failure } from '../../failure.ts'
import { type Ledger, type Note, entriesOf } from '../../ledger.ts'
import type { ScenarioResult } from '../../sim/result.ts'
import type { ClientConnection } from '../connection.ts'
import { type Client, createClient } from '../create-client.ts'
import { printable } from '../../printable.ts'
import type { Arguments } from './arguments.ts'
import { EXIT, type Io, tellProgram, widthOf } from './io.ts'
import { type Joint, drain, join } from './join.ts'
import { ledgerLines } from './ledger-view.ts'
import type { Ending, Life, Verdict } from './life.ts'
import type { ClientLoaded } from './load.ts'
import type { Paint } from './paint.ts'
import { sentenceLines } from './table.ts'
import { type Tape, clientTape } from './tape.ts'
import { type ClientView, clientView, noView } from './view.ts'
import { winnerLine } from './winner-line.ts'

export class ClientLife implements Life {
  readonly view: ClientView
  readonly #client: Client
  readonly #args: Arguments
  readonly #io: Io
  readonly #paint: Paint
  readonly #tape: Tape<Note, Ledger> = clientTape()
  readonly #born = performance.now()
  #joint: Joint | undefined
  #ending: Ending | undefined
  #gaveUp: Failure | undefined

  constructor({ config, vault }: ClientLoaded, args: Arguments, io: Io, paint: Paint) {
    const { json, once, seed, verbose } = args.options
    this.#args = args
    this.#io = io
    this.#paint = paint
    this.view = json ? noView : clientView(io.stderr, paint, { verbose })
    // With --once one round is enough, unless the configuration says how many.
    const connectRetryMax = once && config.connectRetryMax === 0 ? 1 : config.connectRetryMax
    this.#client = createClient({ ...config, connectRetryMax }, { vault, ...(seed !== undefined && { seed }) })
    this.#client.on('note', (note) => this.#note(note))
    this.#client.on('connected', (connection) => this.#connected(connection))
    this.#client.on('lost', () => this.#lost())
    this.#client.on('failed', ({ failure }) => (this.#gaveUp = failure))
    if (json) tellProgram(io.stdout, { at: 0, type: 'client.started', seed: this.#client.seed })
    else if (verbose) this.view.say(`seed ${this.#client.seed}`)
  }

  end(ending: Ending): void {
    if (!this.isStopping) this.#ending = ending
    void this.#client.close()
  }

  get isStopping(): boolean {
    return this.#ending !== undefined && this.#ending !== 'restart'
  }

  next(): void {
    this.#client.next()
  }

  get age(): number {
    return Math.floor(performance.now() - this.#born)
  }

  readonly say = (sentence: string): void => this.view.say(sentence)

  async ended(): Promise<Ending | undefined> {
    await this.#client.closed
    this.#joint?.part()
    this.view.end()
    return this.#ending
  }

  code(): number {
    if (this.#ending === 'interrupted') return EXIT.interrupted
    if (this.#ending === 'broken') return EXIT.failed
    if (this.#ending !== undefined) return EXIT.done
    return this.#gaveUp?.code === 'LOCAL_FAMILY' ? EXIT.config : EXIT.failed
  }

  report(): void {
    if (this.#args.options.json)
      return tellProgram(this.#io.stdout, { type: 'result', at: this.#tape.at(), ...this.#result() })
    const { stderr } = this.#io
    const sheet = { width: widthOf(stderr), paint: this.#paint }
    const entries = entriesOf(this.#tape.state())
    const lines = entries.length > 0 ? ledgerLines(entries, sheet) : []
    stderr.write([...lines, ...sentenceLines(this.#verdict(), sheet)].map((line) => `${line}\n`).join(''))
  }

  #result(): ScenarioResult {
    const result = this.#tape.result()
    // A bug of ours ends a client without a note.
    return result.outcome === 'pending' && this.#gaveUp
      ? { ...result, outcome: 'failed', failure: this.#gaveUp }
      : result
  }

  #verdict(): Verdict {
    const { winner, ...result } = this.#tape.result()
    if (this.#ending === 'interrupted') return ['interrupted', 'yellow']
    if (this.#ending === 'stopped') return ['stopped']
    if (this.#ending === 'broken')
      return ['the connection broke after the input had ended: not all of it may have arrived', 'red']
    if (this.#gaveUp) return [printable(this.#gaveUp.message), 'red']
    if (!this.#args.options.once) return ['done: the input has ended, and so has the connection']
    return winner ? [winnerLine({ winner, ...result }), 'green'] : ['done']
  }

  #note(note: Note): void {
    const ledger = this.#tape.note(note)
    if (this.#args.options.json) tellProgram(this.#io.stdout, note)
    this.view.note(note, ledger)
  }

  #connected(connection: ClientConnection): void {
    const { once, noStdio, json } = this.#args.options
    if (once) return this.end('done')
    const usedUp = connection.transport === 'tcp' && connection.confirmation !== undefined
    if (noStdio || json || usedUp) {
      if (usedUp && !noStdio) this.say('the confirmation has used the stream up: standard input is not joined to it')
      return drain(connection)
    }
    this.view.settle()
    this.#joint = join(connection, this.#io, (broken) => this.end(broken ? 'broken' : 'done'))
  }

  #lost(): void {
    this.#joint?.part()
    this.#joint = undefined
  }
}

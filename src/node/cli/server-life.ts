/** A server that runs until it is stopped, or cannot listen. */
import type { Failure } from '../../failure.ts'
import { printable } from '../../printable.ts'
import type { Roster, ServerNote } from '../../roster.ts'
import type { ScenarioResult } from '../../sim/result.ts'
import { ListenError } from '../listen-error.ts'
import { Server } from '../server.ts'
import { ServerRoot } from '../server-root.ts'
import { answerClients } from './answer-clients.ts'
import type { Arguments } from './arguments.ts'
import { formatMs } from './duration.ts'
import { EXIT, type Io, tellProgram, widthOf } from './io.ts'
import type { Ending, Life, Verdict } from './life.ts'
import type { ServerLoaded } from './load.ts'
import type { Paint } from './paint.ts'
import { resultLines } from './result-view.ts'
import { clients, listeningLine } from './roster-view.ts'
import { sentenceLines } from './table.ts'
import { type Tape, serverTape } from './tape.ts'
import { type ServerView, noView, serverView } from './view.ts'

/** ms that clients have to finish once it was told to stop. */
const GRACE = 5_000

export class ServerLife implements Life {
  readonly view: ServerView
  readonly #server: Server
  readonly #atOnce = new AbortController()
  readonly #args: Arguments
  readonly #io: Io
  readonly #paint: Paint
  readonly #tape: Tape<ServerNote, Roster> = serverTape()
  readonly #born = performance.now()
  #ending: Ending | undefined
  #gaveUp: Failure | undefined

  constructor({ config, socketPlugins: plugins }: ServerLoaded, args: Arguments, io: Io, paint: Paint) {
    const { json, echo, seed, verbose } = args.options
    this.#args = args
    this.#io = io
    this.#paint = paint
    this.view = json ? noView : serverView(io.stderr, paint, { verbose })
    const options = { plugins, ...(seed !== undefined && { seed }) }
    const root = new ServerRoot(config, options)
    this.#server = new Server(root, GRACE, this.#atOnce.signal, (why) => {
      if (why instanceof ListenError) this.#gaveUp = why.failure
    })
    this.#server.on('note', (note) => this.#note(note))
    answerClients(this.#server, echo)
    if (json) tellProgram(io.stdout, { at: 0, type: 'server.started', seed: this.#server.seed })
    else if (verbose) this.view.say(`seed ${this.#server.seed}`)
  }

  /** Clients may finish, unless it is told to end for the second time, or another life wants their ports. */
  end(ending: Ending): void {
    const isFirst = this.#ending === undefined
    if (!this.isStopping) this.#ending = ending
    if (!isFirst || ending === 'restart' || ending === 'done') return this.#atOnce.abort()
    void this.#server.close()
    setImmediate(() => this.#tellWhoIsLeft())
  }

  get isStopping(): boolean {
    return this.#ending !== undefined && this.#ending !== 'restart'
  }

  next(): void {
    if (this.#args.options.verbose) this.say('SIGUSR1 means nothing to a server')
  }

  get age(): number {
    return Math.floor(performance.now() - this.#born)
  }

  readonly say = (sentence: string): void => this.view.say(sentence)

  async ended(): Promise<Ending | undefined> {
    await this.#server.closed
    this.view.end()
    return this.#ending
  }

  code(): number {
    if (this.#ending === 'interrupted') return EXIT.interrupted
    return this.#ending === undefined ? EXIT.failed : EXIT.done
  }

  report(): void {
    const result = this.#result()
    if (this.#args.options.json) return tellProgram(this.#io.stdout, { type: 'result', at: this.#tape.at(), ...result })
    const { stderr } = this.#io
    const sheet = { width: widthOf(stderr), paint: this.#paint }
    const lines = [...resultLines(result, sheet), ...sentenceLines(this.#verdict(result), sheet)]
    stderr.write(lines.map((line) => `${line}\n`).join(''))
  }

  #result(): ScenarioResult {
    const result = this.#tape.result()
    // A bug of ours ends a server without a note.
    return result.outcome === 'pending' && this.#gaveUp
      ? { ...result, outcome: 'failed', failure: this.#gaveUp }
      : result
  }

  #verdict({ listeners = [], atMs }: ScenarioResult): Verdict {
    if (this.#ending === 'interrupted') return ['interrupted', 'yellow']
    if (this.#ending === 'stopped') return ['stopped']
    if (this.#gaveUp) return [printable(this.#gaveUp.message), 'red']
    return [listeningLine(listeners, atMs), 'green']
  }

  #note(note: ServerNote): void {
    const roster = this.#tape.note(note)
    if (this.#args.options.json) tellProgram(this.#io.stdout, note)
    this.view.note(note, roster)
    if (note.type === 'server.listening' && this.#args.options.once) this.end('done')
  }

  #tellWhoIsLeft(): void {
    const { live } = this.#server.roster.counters
    if (live > 0) this.say(`waiting for ${clients(live)}, ${formatMs(GRACE)} at most; Ctrl-C again closes them at once`)
  }
}

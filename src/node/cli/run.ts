/**
 * `sockchart run`: a client on real sockets until it is stopped, gives up, or its input and its connection have ended.
 * It owns the terminal while it dials, and lends it to the connection that it joins to standard input and output.
 */
import type { Parsed } from '../../config/parse.ts'
import type { Failure } from '../../failure.ts'
import { type Note, entriesOf } from '../../ledger.ts'
import type { ScenarioResult } from '../../sim/result.ts'
import type { ClientConnection } from '../connection.ts'
import { type Client, createClient } from '../create-client.ts'
import { isStream } from '../load-config.ts'
import { printable } from '../../printable.ts'
import type { Arguments } from './arguments.ts'
import { EXIT, type Io, tellProgram, widthOf } from './io.ts'
import { type Joint, drain, join } from './join.ts'
import { ledgerLines, sentenceLines } from './ledger-view.ts'
import { type Loaded, isSound, load, nameOf } from './load.ts'
import { type Paint, type Style, paintFor } from './paint.ts'
import { countIssues, issueTexts, tellIssues } from './report-issues.ts'
import { hearSignals, jobControl } from './signals.ts'
import { type Tape, newTape, refusal } from './tape.ts'
import { type View, noView, viewOn } from './view.ts'
import { winnerLine } from './winner-line.ts'

/** Why a client ended that did not give up. */
type Ending = 'interrupted' | 'stopped' | 'restart' | 'done' | 'broken'

export async function run(args: Arguments, io: Io): Promise<number> {
  const paint = paintFor(io.stderr, io.env, args.options)
  const parsed = load(args)
  report(parsed, args, io, paint, (text) => io.stderr.write(`${text}\n`), 0)
  if (!isSound(parsed)) {
    if (args.options.json) {
      const result = refusal(`the configuration has ${countIssues(parsed.issues)}`)
      tellProgram(io.stdout, { type: 'result', at: 0, ...result })
    }
    return EXIT.config
  }
  let loaded = parsed
  let life = new Life(loaded, args, io, paint)
  const restart = () => {
    const again = reload(args, loaded)
    report(again, args, io, paint, life.say, life.age)
    if (!isSound(again)) return life.say('the configuration has errors now; going on with what it was')
    loaded = again
    life.say('starting over')
    life.end('restart')
  }
  // Heard once for all lives: between two hearings a signal is lost, and the last Ctrl-C forgotten.
  const unhear = hearSignals(io, {
    SIGINT: () => life.end('interrupted'),
    SIGTERM: () => life.end('stopped'),
    SIGUSR1: () => life.client.next(),
    SIGHUP: restart,
    ...jobControl(io, () => life.view),
  })
  while ((await life.ended()) === 'restart') life = new Life(loaded, args, io, paint)
  unhear()
  life.report()
  return life.code()
}

/** The configuration as it is now; of one that came through a pipe, what was read then. */
function reload(args: Arguments, before: Loaded): Parsed {
  const { file } = args
  if (file === undefined || !isStream(file)) return load(args)
  const at = { file: nameOf(args), line: 0, column: 0, length: 0 }
  const message = 'a pipe cannot be read again; what was read the first time counts'
  return { ...before, issues: [{ ...at, severity: 'warning', code: 'source', message }] }
}

/** A person is told the errors and warnings, and spared the notes. `at`: ms, for a program. */
function report(
  { config, issues }: Parsed,
  { options }: Arguments,
  io: Io,
  paint: Paint,
  say: (text: string) => void,
  at: number,
): void {
  if (options.json) return tellIssues(issues, io.stdout, at)
  const told = options.verbose ? issues : issues.filter(({ severity }) => severity !== 'note')
  for (const text of issueTexts(told, io.stderr, paint)) say(text)
  if (!config) say(countIssues(issues))
}

/** One client, from its start to its end. */
class Life {
  readonly client: Client
  readonly view: View
  readonly #args: Arguments
  readonly #io: Io
  readonly #paint: Paint
  readonly #tape: Tape = newTape()
  readonly #born = performance.now()
  #joint: Joint | undefined
  #ending: Ending | undefined
  #gaveUp: Failure | undefined

  constructor({ config, vault }: Loaded, args: Arguments, io: Io, paint: Paint) {
    const { json, once, seed, verbose } = args.options
    this.#args = args
    this.#io = io
    this.#paint = paint
    this.view = json ? noView : viewOn(io.stderr, paint, { verbose })
    // With --once one round is enough, unless the configuration says how many.
    const connectRetryMax = once && config.connectRetryMax === 0 ? 1 : config.connectRetryMax
    this.client = createClient({ ...config, connectRetryMax }, { vault, ...(seed !== undefined && { seed }) })
    this.client.on('note', (note) => this.#note(note))
    this.client.on('connected', (connection) => this.#connected(connection))
    this.client.on('lost', () => this.#lost())
    this.client.on('failed', ({ failure }) => (this.#gaveUp = failure))
    if (json) tellProgram(io.stdout, { at: 0, type: 'client.started', seed: this.client.seed })
    else if (verbose) this.view.say(`seed ${this.client.seed}`)
  }

  end(ending: Ending): void {
    // Who is already starting over can still be interrupted.
    if (this.#ending === undefined || this.#ending === 'restart') this.#ending = ending
    void this.client.close()
  }

  /** ms since its start. */
  get age(): number {
    return Math.floor(performance.now() - this.#born)
  }

  /** `noView` keeps it from programs. */
  readonly say = (sentence: string): void => this.view.say(sentence)

  async ended(): Promise<Ending | undefined> {
    await this.client.closed
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

  /** The result for a program; for a person the ledger, and how it ended. */
  report(): void {
    if (this.#args.options.json)
      return tellProgram(this.#io.stdout, { type: 'result', at: this.#tape.at(), ...this.#result() })
    const { stderr } = this.#io
    const sheet = { width: widthOf(stderr), paint: this.#paint }
    const entries = entriesOf(this.#tape.ledger())
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

  #verdict(): readonly [text: string, style?: Style] {
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

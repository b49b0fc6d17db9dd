/**
 * `sockchart run`: a client on real sockets until it is stopped, gives up, or its input and its connection have ended.
 * It owns the terminal while it dials, and lends it to the connection that it joins to standard input and output.
 */
import type { Parsed } from '../../config/parse.ts'
import type { Note } from '../../ledger.ts'
import { entriesOf } from '../../ledger.ts'
import type { ClientConnection } from '../connection.ts'
import { type Client, createClient } from '../create-client.ts'
import { namedTargetOf } from '../explain.ts'
import { printable } from '../../printable.ts'
import type { Arguments } from './arguments.ts'
import { formatMs } from './duration.ts'
import { EXIT, type Io, tellProgram, widthOf } from './io.ts'
import { type Joint, drain, join } from './join.ts'
import { ledgerLines } from './ledger-view.ts'
import { type Loaded, isSound, load } from './load.ts'
import { type Paint, paintFor } from './paint.ts'
import { countIssues, showIssues, tellIssues } from './report-issues.ts'
import { hearSignals } from './signals.ts'
import { type Tape, newTape, refusal } from './tape.ts'
import { type View, noView, viewOn } from './view.ts'

/** Why a client ended that did not give up. */
type Ending = 'interrupted' | 'stopped' | 'restart' | 'done'

export async function run(args: Arguments, io: Io): Promise<number> {
  const paint = paintFor(io.stderr, io.env, args.options)
  let parsed = load(args)
  report(parsed, args, io, paint)
  if (!isSound(parsed)) return EXIT.config
  for (;;) {
    const life = new Life(parsed, args, io, paint)
    const unhear = hearSignals(io, {
      SIGINT: () => life.end('interrupted'),
      SIGTERM: () => life.end('stopped'),
      SIGUSR1: () => life.client.next(),
      SIGHUP: () => {
        const again = load(args)
        report(again, args, io, paint)
        if (isSound(again)) {
          parsed = again
          life.end('restart')
        } else life.say('the file has errors now; going on with the configuration as it was')
      },
    })
    const ending = await life.ended()
    unhear()
    if (ending === 'restart') continue
    life.report()
    return life.code()
  }
}

/** Errors and warnings; a person is spared the notes. */
function report({ config, issues }: Parsed, { options }: Arguments, io: Io, paint: Paint): void {
  if (!options.json) {
    const told = options.verbose ? issues : issues.filter(({ severity }) => severity !== 'note')
    showIssues(told, io.stderr, paint)
    if (!config) io.stderr.write(`${countIssues(issues)}\n`)
    return
  }
  tellIssues(issues, io.stdout)
  if (!config) tellProgram(io.stdout, refusal(`the configuration has ${countIssues(issues)}`))
}

/** One client, from its start to its end. */
class Life {
  readonly client: Client
  readonly #args: Arguments
  readonly #io: Io
  readonly #paint: Paint
  readonly #view: View
  readonly #tape: Tape = newTape()
  #joint: Joint | undefined
  #ending: Ending | undefined

  constructor({ config, vault }: Loaded, args: Arguments, io: Io, paint: Paint) {
    const { json, once, seed, verbose } = args.options
    this.#args = args
    this.#io = io
    this.#paint = paint
    this.#view = json ? noView : viewOn(io.stderr, paint, { verbose })
    // With --once one round is enough, unless the configuration says how many.
    const connectRetryMax = once && config.connectRetryMax === 0 ? 1 : config.connectRetryMax
    this.client = createClient({ ...config, connectRetryMax }, { vault, ...(seed !== undefined && { seed }) })
    this.client.on('note', (note) => this.#note(note))
    this.client.on('connected', (connection) => this.#connected(connection))
    this.client.on('lost', () => this.#lost())
    if (json) tellProgram(io.stdout, { at: 0, type: 'client.started', seed: this.client.seed })
    else if (verbose) this.#view.say(`seed ${this.client.seed}`)
  }

  end(ending: Ending): void {
    this.#ending ??= ending
    void this.client.close()
  }

  say(sentence: string): void {
    if (!this.#args.options.json) this.#view.say(sentence)
  }

  async ended(): Promise<Ending | undefined> {
    await this.client.closed
    this.#joint?.part()
    this.#view.end()
    return this.#ending
  }

  code(): number {
    const { outcome, failure } = this.#tape.result()
    if (this.#ending === 'interrupted') return EXIT.interrupted
    if (this.#ending !== undefined) return EXIT.done
    if (failure?.code === 'LOCAL_FAMILY') return EXIT.config
    // It gave up, now or after connections that were lost.
    return outcome === 'pending' ? EXIT.done : EXIT.failed
  }

  /** The result for a program, the ledger and how it ended for a person. */
  report(): void {
    const result = this.#tape.result()
    if (this.#args.options.json) return tellProgram(this.#io.stdout, result)
    const { stderr } = this.#io
    const entries = entriesOf(this.#tape.ledger())
    const lines = entries.length > 0 ? ledgerLines(entries, { width: widthOf(stderr), paint: this.#paint }) : []
    stderr.write([...lines, this.#verdict()].map((line) => `${line}\n`).join(''))
  }

  #verdict(): string {
    const { winner, atMs } = this.#tape.result()
    if (this.#ending === 'interrupted') return this.#paint('yellow', 'interrupted')
    if (this.#ending === 'stopped') return 'stopped'
    if (this.#ending === undefined) return this.#paint('red', printable(this.#failure?.message ?? 'it gave up'))
    if (!this.#args.options.once) return 'done: the input has ended, and so has the connection'
    const where = winner ? namedTargetOf(winner.candidate, winner.remote) : ''
    return this.#paint('green', `connected to ${where} after ${formatMs(atMs)}`)
  }

  #failure: { readonly message: string } | undefined

  #note(note: Note): void {
    if (note.type === 'client.failed') this.#failure = note.failure
    const ledger = this.#tape.note(note)
    if (this.#args.options.json) tellProgram(this.#io.stdout, note)
    this.#view.note(note, ledger)
  }

  #connected(connection: ClientConnection): void {
    const { once, noStdio, json } = this.#args.options
    if (once) return this.end('done')
    const usedUp = connection.transport === 'tcp' && connection.confirmation !== undefined
    if (noStdio || json || usedUp) {
      if (usedUp && !noStdio) this.say('the confirmation has used the stream up: standard input is not joined to it')
      return drain(connection)
    }
    this.#view.settle()
    this.#joint = join(connection, this.#io, () => this.end('done'))
  }

  #lost(): void {
    this.#joint?.part()
    this.#joint = undefined
  }
}

/**
 * A client or a peer that runs until it is stopped, gives up, or its input and its connection have ended. It owns the
 * terminal while it dials, and lends it to the connection that it joins to standard input and output.
 */
import type { PeerConfig } from '../../config/peer-schema.ts'
import type { ClientConfig } from '../../config/schema.ts'
import type { Failure } from '../../failure.ts'
import type { Note } from '../../ledger.ts'
import { printable } from '../../printable.ts'
import type { ServerNote } from '../../roster.ts'
import type { ScenarioResult } from '../../sim/result.ts'
import type { ConnectError } from '../connect-error.ts'
import type { ClientConnection } from '../connection.ts'
import type { Keeper } from '../keeper.ts'
import type { ListenError } from '../listen-error.ts'
import type { Arguments } from './arguments.ts'
import { EXIT, type Io, tellProgram, widthOf } from './io.ts'
import { type Joint, drain, join } from './join.ts'
import type { Ending, Life, Verdict } from './life.ts'
import type { Paint } from './paint.ts'
import { resultLines } from './result-view.ts'
import { sentenceLines } from './table.ts'
import type { Tape } from './tape.ts'
import { type KeeperView, noView } from './view.ts'
import { winnerLine } from './winner-line.ts'

/** Whose life it is, and how it is told. */
export interface Kept<Said extends Note | ServerNote, State> {
  readonly who: 'client' | 'peer'
  readonly config: ClientConfig | PeerConfig
  readonly keeper: Keeper<Said, ConnectError | ListenError>
  readonly tape: Tape<Said, State>
  readonly view: KeeperView<Said, State>
}

export class KeeperLife<Said extends Note | ServerNote, State> implements Life {
  readonly view: KeeperView<Said, State>
  readonly #config: ClientConfig | PeerConfig
  readonly #keeper: Keeper<Said, ConnectError | ListenError>
  readonly #args: Arguments
  readonly #io: Io
  readonly #paint: Paint
  readonly #tape: Tape<Said, State>
  readonly #born = performance.now()
  #joint: Joint | undefined
  #ending: Ending | undefined
  #gaveUp: Failure | undefined

  constructor({ who, config, keeper, tape, view }: Kept<Said, State>, args: Arguments, io: Io, paint: Paint) {
    const { json, verbose } = args.options
    this.#config = config
    this.#keeper = keeper
    this.#tape = tape
    this.view = json ? noView : view
    this.#args = args
    this.#io = io
    this.#paint = paint
    keeper.on('note', (note) => this.#note(note))
    keeper.on('connected', (connection) => this.#connected(connection))
    keeper.on('lost', () => this.#lost())
    keeper.on('failed', ({ failure }) => (this.#gaveUp = failure))
    if (json) tellProgram(io.stdout, { at: 0, type: `${who}.started`, seed: keeper.seed })
    else if (verbose) this.view.say(`seed ${keeper.seed}`)
  }

  end(ending: Ending): void {
    if (!this.isStopping) this.#ending = ending
    void this.#keeper.close()
  }

  get isStopping(): boolean {
    return this.#ending !== undefined && this.#ending !== 'restart'
  }

  next(): void {
    this.#keeper.next()
  }

  get age(): number {
    return Math.floor(performance.now() - this.#born)
  }

  readonly say = (sentence: string): void => this.view.say(sentence)

  async ended(): Promise<Ending | undefined> {
    await this.#keeper.closed
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
    const lines = [...resultLines(this.#tape.result(), sheet), ...sentenceLines(this.#verdict(), sheet)]
    stderr.write(lines.map((line) => `${line}\n`).join(''))
  }

  #result(): ScenarioResult {
    const result = this.#tape.result()
    // A bug of ours ends it without a note.
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

  #note(note: Said): void {
    const state = this.#tape.note(note)
    if (this.#args.options.json) tellProgram(this.#io.stdout, note)
    this.view.note(note, state)
  }

  #connected(connection: ClientConnection): void {
    const { once, noStdio, json } = this.#args.options
    if (once) return this.end('done')
    const { confirm } = this.#config.remotes[connection.remote.index] ?? {}
    const usedUp = connection.transport === 'tcp' && confirm?.kind === 'openvpn'
    if (noStdio || json || usedUp) {
      if (usedUp && !noStdio) this.say('the confirmation has used the stream up: standard input is not joined to it')
      return drain(connection)
    }
    this.view.settle()
    this.#joint = join(connection, this.#io, (broken) => this.end(broken ? 'broken' : 'done'))
  }

  #lost(): void {
    // A socket says so itself, and first; a path over a shared one is only lost.
    if (this.#joint?.hasEnded()) this.end('broken')
    this.#joint?.part()
    this.#joint = undefined
  }
}

/** With --once one round is enough, unless the configuration says how many. */
export function roundsOf({ connectRetryMax }: ClientConfig | PeerConfig, { once }: Arguments['options']): number {
  return once && connectRetryMax === 0 ? 1 : connectRetryMax
}

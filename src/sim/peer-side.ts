/** One of two peers in a scenario: its lives, one after the other, what it is told to do, and what comes of it. */
import { createActor } from 'xstate'
import type { peerLogic } from '../../machines/peer.ts'
import { handlesOf } from '../handles.ts'
import { joinAt } from '../junction.ts'
import type { Ledger, Note } from '../ledger.ts'
import type { Roster, ServerNote } from '../roster.ts'
import { hash } from '../seed.ts'
import { PeerBooks } from './peer-books.ts'
import { type Hooks, enact, isRunning } from './play.ts'
import type { PeerConnection, PeerWorld } from './peer-world.ts'
import { virtualJunction } from './peer-world.ts'
import type { PeerResult } from './result.ts'
import type { PeerScript } from './scenario.ts'
import type { Command } from './timeline.ts'
import { utf8 } from '../utf8.ts'
import { leaksOf } from './world.ts'

type PeerNote = Note | ServerNote
export type PeerHooks = Pick<Hooks<PeerNote, PeerSide>, 'onNote' | 'inspect'>

type Logic = ReturnType<typeof peerLogic>
const rootOf = (logic: Logic, input: Parameters<typeof createActor<Logic>>[1]) => createActor(logic, input)

interface Life {
  readonly root: ReturnType<typeof rootOf>
  readonly strangers: () => number
  readonly end: () => void
}

export class PeerSide {
  readonly world: PeerWorld
  readonly #logic: Logic
  readonly #script: PeerScript
  readonly #seed: number
  readonly #hooks: PeerHooks
  readonly #bugs: unknown[]
  readonly #books = new PeerBooks()
  readonly #lives: Life[] = []

  constructor(logic: Logic, world: PeerWorld, script: PeerScript, seed: number, hooks: PeerHooks, bugs: unknown[]) {
    this.#logic = logic
    this.world = world
    this.#script = script
    this.#seed = seed
    this.#hooks = hooks
    this.#bugs = bugs
  }

  get ledger(): Ledger {
    return this.#books.ledger
  }

  get roster(): Roster {
    return this.#books.roster
  }

  /** Nothing happens while it runs; what comes after a stop is another one to its peer. */
  start(): void {
    if (this.#running) return
    const { clock } = this.world
    const { config } = this.#script
    const { inspect } = this.#hooks
    const seed = this.#lives.length === 0 ? this.#seed : hash(this.#seed, 'life', this.#lives.length)
    const root = rootOf(this.#logic, { clock, input: { config, seed }, ...(inspect && { inspect }) })
    const junction = virtualJunction(this.world, config, seed)
    joinAt(root.system, junction)
    this.#books.begin()
    // A root counts from its own start, the scenario from its first.
    const startedAt = clock.now()
    const { begin, end } = enact(root, this.#bugs, (note: PeerNote) => this.#hear({ ...note, at: note.at + startedAt }))
    this.#lives.push({ root, end, strangers: () => junction.strangers })
    begin()
  }

  command(command: Command): void {
    if (command === 'start') return this.start()
    const root = this.#running
    if (command === 'network-changed') root?.send({ type: 'network.changed' })
    else if (command === 'stop' || command === 'next') root?.send({ type: command })
    else root?.send({ type: 'reject', attempt: this.#books.held?.attempt ?? 0, reason: 'the scenario says so' })
  }

  /** The program says something over the connection that is held; without one it cannot. */
  send(text: string): void {
    const handles = this.#running && handlesOf(this.#running.system)
    const handle = handles?.get(this.#books.held?.attempt ?? 0)?.handle as PeerConnection | undefined
    handle?.send(utf8(text))
  }

  harvest(untilMs: number): PeerResult {
    const { inbound, inbox } = this.world
    return {
      ...this.#books.harvest(untilMs),
      sent: inbound.sent,
      strangers: this.#lives.reduce((sum, { strangers }) => sum + strangers(), 0),
      inbox,
    }
  }

  end(): void {
    for (const { end } of this.#lives) end()
  }

  leaks(): readonly string[] {
    return this.#lives.flatMap(({ root }) => leaksOf(this.world, root.system))
  }

  get #running(): Life['root'] | undefined {
    const root = this.#lives.at(-1)?.root
    return root && isRunning(root) ? root : undefined
  }

  #hear(note: PeerNote): void {
    this.#books.take(note)
    this.#hooks.onNote?.(note, this)
  }
}

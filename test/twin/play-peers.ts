/**
 * Plays a scenario of two peers on real sockets, through `createPeer()`: the machines, the junction, the binder, the
 * queue of look-ups, the channels and the sockets are those of the Node ring. Names, chance, and what is between the
 * peers, are scripted; so is time, which moves on when the kernel has said all that it has to say (`stillness.ts`).
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, vi } from 'vitest'
import type { AnyActorRef } from 'xstate'
import type { Dock } from '../../src/dock.ts'
import { junctionOf } from '../../src/junction.ts'
import type { Identity } from '../../src/meeting.ts'
import type { ClientConnection } from '../../src/node/connection.ts'
import { type Peer, createPeer } from '../../src/node/create-peer.ts'
import { nodeActors } from '../../src/node/actors.ts'
import { nodeDock } from '../../src/node/dock.ts'
import { hash } from '../../src/seed.ts'
import { HeapClock } from '../../src/sim/clock.ts'
import { Internet } from '../../src/sim/internet.ts'
import type { PeerName } from '../../src/sim/link-script.ts'
import { PeerBooks } from '../../src/sim/peer-books.ts'
import { type PeerWorld, identityOf, peerWorld } from '../../src/sim/peer-world.ts'
import { beginPeers, momentsOfPeers } from '../../src/sim/play-peers.ts'
import { VirtualNames } from '../../src/sim/resolver.ts'
import type { PeerResult, PeersResult } from '../../src/sim/result.ts'
import type { PeerScript, PeersScenario } from '../../src/sim/scenario.ts'
import type { Command } from '../../src/sim/timeline.ts'
import { utf8 } from '../../src/utf8.ts'
import { leaksOf } from '../../src/sim/world.ts'
import { hostGround } from './grounds.ts'
import { scriptedLookup, socketsOfProcess } from './play.ts'
import { routedDock } from './routed-dock.ts'
import { type Router, openRouter } from './router.ts'
import type { ScriptClock } from './script-clock.ts'
import { Stillness } from './stillness.ts'

export interface PlayedPeers {
  /** Exact to the scripted millisecond. */
  readonly result: PeersResult
  /** Codes that the kernel could not be brought to say here. */
  readonly standIns: readonly string[]
}

/** Whose code runs: both peers are in this process, and ask it for the same things. */
const running = new AsyncLocalStorage<Side>()
const sideRunning = (): Side => running.getStore() as Side

/** Chance is the script's, too: stands in for `src/node/identity.ts`. */
export const scriptedIdentity = (passive: boolean): Identity => sideRunning().identity(passive)

/** Fails when anything was left open. */
export async function playPeers(scenario: PeersScenario): Promise<PlayedPeers> {
  const before = socketsOfProcess()
  const clock = new HeapClock()
  const stillness = new Stillness()
  const router = await openRouter(stillness)
  const internet = new Internet(clock, scenario.links, scenario.nat)
  const names = new VirtualNames(scenario.names)
  const standIns = new Set<string>()
  const spy = vi.spyOn(nodeDock, 'open').mockImplementation((...asked) => sideRunning().dock.open(...asked))
  const sideOf = (name: PeerName, index: number) => {
    const script = scenario.peers[name]
    const world = peerWorld(name, script, { clock, names, internet })
    return new Side(world, script, script.seed ?? (scenario.seed + index) >>> 0, { router, stillness, standIns })
  }
  const run = { a: sideOf('a', 0), b: sideOf('b', 1) }
  const sides = [run.a, run.b]
  const script = momentsOfPeers(scenario, run, internet).map(({ atMs, happen }) => clock.at(atMs, 0, happen))
  try {
    beginPeers(scenario, run)
    await stillness.settled()
    while ((clock.next ?? Infinity) <= scenario.untilMs) {
      clock.step()
      await stillness.settled()
    }
    const peers = { a: run.a.harvest(scenario.untilMs), b: run.b.harvest(scenario.untilMs) }
    return { result: { peers }, standIns: [...standIns] }
  } finally {
    for (const side of sides) await side.end()
    for (const id of script) clock.clearTimeout(id)
    await stillness.settled()
    internet.close()
    router.close()
    spy.mockRestore()
    await stillness.until('the end of every socket', () => socketsOfProcess() <= before)
    expect(sides.flatMap((side) => side.leaks)).toEqual([])
  }
}

interface Surroundings {
  readonly router: Router
  readonly stillness: Stillness
  readonly standIns: Set<string>
}

/** One of the two, and its program, which reads whatever comes. */
class Side {
  readonly world: PeerWorld
  readonly dock: Dock
  readonly #script: PeerScript
  readonly #seed: number
  readonly #ground = hostGround()
  readonly #clock: ScriptClock
  readonly #resolver
  readonly #books = new PeerBooks()
  readonly #systems = new Set<object>()
  /** One for each life. */
  readonly #peers: Peer[] = []
  #living: Peer | undefined

  constructor(world: PeerWorld, script: PeerScript, seed: number, around: Surroundings) {
    this.world = world
    this.#script = script
    this.#seed = seed
    this.#ground.own(script.self)
    this.#clock = this.#clockOf(world.clock)
    this.dock = routedDock({ ...around, world, ground: this.#ground, clock: this.#clock })
    this.#resolver = nodeActors({ lookup: scriptedLookup(world.names, this.#clock) }).resolver
  }

  /** Of the life that begins. */
  identity(passive: boolean): Identity {
    return identityOf(this.#seedOfLife, passive)
  }

  start(): void {
    if (!this.#living) running.run(this, () => this.#live())
  }

  command(command: Command): void {
    if (command === 'start') this.start()
    else running.run(this, () => this.#tell(command))
  }

  send(text: string): void {
    const connection = this.#living?.connection
    if (connection?.transport === 'udp') running.run(this, () => void connection.channel.send(utf8(text)))
  }

  harvest(untilMs: number): PeerResult {
    const { inbound, inbox } = this.world
    const strangers = [...this.#systems].reduce((sum, system) => sum + junctionOf(system).strangers, 0)
    return { ...this.#books.harvest(untilMs), sent: inbound.sent, strangers, inbox: [...inbox] }
  }

  async end(): Promise<void> {
    for (const peer of this.#peers) await peer.close()
    this.#ground.leave()
  }

  get leaks(): readonly string[] {
    return [...this.#systems].flatMap((system) => leaksOf(this.world, system))
  }

  get #seedOfLife(): number {
    return this.#peers.length === 0 ? this.#seed : hash(this.#seed, 'life', this.#peers.length)
  }

  #live(): void {
    const clock = this.#clock
    const startedAt = clock.now()
    const peer = createPeer(this.#script.config, {
      clock,
      seed: this.#seedOfLife,
      actors: { resolver: this.#resolver },
      inspect: ({ actorRef }) => void this.#systems.add((actorRef as AnyActorRef).system),
    })
    this.#books.begin()
    peer.on('note', (note) => {
      if (note.type === 'peer.stopped' || note.type === 'peer.failed') this.#living = undefined
      // A root counts from its own start, the scenario from its first.
      this.#books.take({ ...note, at: note.at + startedAt })
    })
    peer.on('connected', (connection) => void this.#read(connection))
    this.#peers.push(peer)
    this.#living = peer
  }

  #tell(command: Exclude<Command, 'start'>): void {
    const peer = this.#living
    if (command === 'stop') void peer?.close()
    else if (command === 'next') peer?.next()
    else if (command === 'network-changed') peer?.networkChanged()
    else peer?.connection?.reject('the scenario says so')
  }

  async #read(connection: ClientConnection): Promise<void> {
    if (connection.transport !== 'udp') return
    try {
      for await (const bytes of connection.channel.messages) this.world.read(bytes)
    } catch {
      // It was lost, as the trace tells.
    }
  }

  /** What was set from here runs here. */
  #clockOf(clock: HeapClock): ScriptClock {
    const here = (run: () => void) => () => running.run(this, run)
    return {
      now: clock.now,
      setTimeout: (run, ms) => clock.setTimeout(here(run), ms),
      clearTimeout: clock.clearTimeout,
      at: (ms, number, run) => clock.at(ms, number, here(run)),
    }
  }
}

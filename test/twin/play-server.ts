/**
 * Plays a server's scenario on real sockets, through `listen()`: the machines, the binder, the acceptor, the queue of
 * look-ups and the sockets are those of the Node ring; names and visitors are scripted, and time is the script's: it
 * moves on when the kernel has said all that it has to say about this instant (`stillness.ts`).
 */
import { expect, vi } from 'vitest'
import type { AnyActorRef, InspectionEvent } from 'xstate'
import { guestsOf, listenersOf } from '../../src/handles.ts'
import { nodeActors } from '../../src/node/actors.ts'
import { nodeDock } from '../../src/node/dock.ts'
import { listen } from '../../src/node/listen.ts'
import { ListenError } from '../../src/node/listen-error.ts'
import { ownAddresses } from '../../src/node/monitor.ts'
import type { Server } from '../../src/node/server.ts'
import type { Transport } from '../../src/endpoint.ts'
import { EMPTY_ROSTER, type ServerNote, enrol } from '../../src/roster.ts'
import { momentsOf } from '../../src/sim/befall.ts'
import { HeapClock } from '../../src/sim/clock.ts'
import { VirtualNames } from '../../src/sim/resolver.ts'
import type { Visit } from '../../src/sim/inbound.ts'
import type { KillHow } from '../../src/sim/network.ts'
import type { ScenarioResult } from '../../src/sim/result.ts'
import type { ServerScenario } from '../../src/sim/scenario.ts'
import type { Command } from '../../src/sim/timeline.ts'
import { traceLine } from '../../src/trace.ts'
import type { Ground } from './grounds.ts'
import { scriptedLookup, socketsOfProcess } from './play.ts'
import { ScriptedDock } from './scripted-dock.ts'
import { Stillness } from './stillness.ts'
import { type Stage, Visitors } from './visitors.ts'

/** But for what a server never has. */
type Played = Omit<ScenarioResult, 'winner'>

export interface PlayedServer {
  /** Exact to the scripted millisecond; `sent` is what arrived where it was to go. */
  readonly result: Played
  /** Codes that the kernel could not be brought to say here. */
  readonly standIns: readonly string[]
}

/** Fails when anything was left open. */
export async function playServer(scenario: ServerScenario, ground: Ground): Promise<PlayedServer> {
  const before = socketsOfProcess()
  const clock = new HeapClock()
  const stillness = new Stillness()
  const stage = { clock, stillness, ground }
  const visitors = new Visitors(stage)
  const dock = new ScriptedDock(stage, visitors, scenario)
  const names = new VirtualNames(scenario.names)
  const spy = vi.spyOn(nodeDock, 'open').mockImplementation(dock.open)
  const program = new Program(scenario, stage, visitors, names)
  const inbound = {
    visit: (transport: Transport, visit: Visit) => visitors.come(transport, visit, dock.doorOf(transport, visit.to)),
    die: (listener: string, code: string) => dock.die(listener, code),
    kill: (source: string, how: KillHow) => visitors.kill(source, how),
  }
  const world = { ports: dock, inbound, names, network: NOBODY }
  const script = scenario.timeline
    .flatMap((entry) => momentsOf(entry, world, ({ do: command, graceMs }) => program.tell(command, graceMs)))
    .map(({ atMs, happen }) => clock.at(atMs, 0, happen))
  try {
    await stillness.settled()
    while (program.isRunning && (clock.next ?? Infinity) <= scenario.untilMs) {
      clock.step()
      await stillness.settled()
    }
    return { result: { ...program.harvest(), sent: visitors.received }, standIns: [...dock.standIns] }
  } finally {
    await program.end()
    await stillness.until('the end of every client', () => visitors.haveGone)
    for (const id of script) clock.clearTimeout(id)
    visitors.close()
    spy.mockRestore()
    ground.leave()
    await stillness.until('the end of every socket', () => socketsOfProcess() <= before)
    expect(program.leaks).toEqual([])
    expect(clock.timers).toBe(0)
  }
}

/** Who uses `listen()`: takes every client, reads whatever comes, and answers datagrams if the script wants it. */
class Program {
  readonly #stop = new AbortController()
  readonly #notes: ServerNote[] = []
  readonly #started: Promise<void>
  #root: AnyActorRef | undefined
  #server: Server | undefined
  #failure: ListenError | undefined

  constructor({ config, seed, server }: ServerScenario, { clock }: Stage, visitors: Visitors, names: VirtualNames) {
    const { resolver } = nodeActors({ lookup: scriptedLookup(names, clock) })
    const { signal } = this.#stop
    const options = { clock, seed, signal, actors: { resolver }, inspect: this.#inspect }
    this.#started = this.#use(listen(config, options), visitors, Number(server?.echo ?? false))
  }

  get isRunning(): boolean {
    return this.#root?.getSnapshot().status === 'active'
  }

  /** What the engine still holds. */
  get leaks(): readonly unknown[] {
    const system = this.#root?.system ?? {}
    return [...listenersOf(system).values(), ...guestsOf(system).values()]
  }

  /** Before it listens nobody has a server in hand: then its root is told. */
  tell(command: Command, grace = 30_000): void {
    if (command === 'stop') this.#stop.abort()
    else if (command === 'drain' && this.#server) void this.#server.close({ grace })
    else if (command === 'drain') this.#root?.send({ type: 'drain', grace })
    else if (this.#server) this.#server.networkChanged()
    else this.#root?.send({ type: 'network.changed', addresses: ownAddresses() })
  }

  harvest(): Omit<Played, 'sent'> {
    const roster = this.#notes.reduce(enrol, EMPTY_ROSTER)
    if (this.#server) expect(this.#server.roster).toEqual(roster)
    const first = this.#notes.find((note) => OUTCOMES.has(note.type))
    const outcome = (first?.type.slice('server.'.length) ?? 'pending') as Played['outcome']
    const why = this.#failure && { failure: this.#failure.failure }
    return { outcome, atMs: first?.at ?? 0, ...why, ...roster, ledger: [], trace: this.#notes.map(traceLine) }
  }

  async end(): Promise<void> {
    this.#stop.abort()
    await this.#started
    await this.#server?.closed
  }

  async #use(listening: Promise<Server>, visitors: Visitors, answers: number): Promise<void> {
    try {
      const server = await listening
      server.on('connection', ({ socket, remote }) => socket.on('data', () => visitors.read(remote)))
      server.on('message', ({ bytes, reply }) => {
        for (let i = 0; i < answers; i++) reply(bytes)
      })
      this.#server = server
    } catch (error) {
      if (error instanceof ListenError) this.#failure = error
      else if (error !== this.#stop.signal.reason) throw error
    }
  }

  /** The first that is inspected is the root. */
  readonly #inspect = ({ actorRef }: InspectionEvent): void => {
    if (this.#root) return
    this.#root = actorRef as AnyActorRef
    this.#root.on('*', (note) => this.#notes.push(note as ServerNote))
  }
}

const OUTCOMES: ReadonlySet<string> = new Set(['server.listening', 'server.failed', 'server.stopped'])

/** A server dials nobody. */
const NOBODY = { change: () => {}, kill: () => {} }

/**
 * Runs a server's script and writes down what is judged, in one order: the notes, and what the network saw of sockets,
 * clients and datagrams, so that the engine's word about them is not the only one. `observe.ts` is its sister.
 */
import type { Endpoint, Transport } from '../../src/endpoint.ts'
import type { ServerNote } from '../../src/roster.ts'
import type { Inbound, OpenGuest, OpenListener, Visit } from '../../src/sim/inbound.ts'
import type { ScenarioResult } from '../../src/sim/result.ts'
import { scenarioRunner } from '../../src/sim/run-scenario.ts'
import type { ServerScenario } from '../../src/sim/scenario.ts'
import type { ServerOptions, ServerRun } from '../../src/sim/server-part.ts'

/** A listening socket. */
export interface Berth {
  readonly listener: number
  readonly transport: Transport
  readonly openedAt: number
  local: Endpoint | undefined
  readonly closedAt: number[]
}

/** A TCP client, let in or not. */
export interface Caller {
  readonly listener: number
  readonly remote: Endpoint
  readonly cameAt: number
  /** Its first byte; never, if it had nothing to say, or vanished before. */
  speaksAt: number
  /** When it left of its own accord. */
  leftAt: number | undefined
  readonly goneAt: number[]
}

/** What happened: told by the engine, or seen on the network. */
export type Event = { readonly at: number } & (
  | { readonly kind: 'note'; readonly note: ServerNote }
  | { readonly kind: 'opened' | 'closed'; readonly berth: Berth }
  | { readonly kind: 'came' | 'gone'; readonly caller: Caller }
  | { readonly kind: 'datagram'; readonly listener: number; readonly remote: Endpoint }
)

export interface ServerObservation {
  readonly scenario: ServerScenario
  readonly result: ScenarioResult
  readonly notes: readonly ServerNote[]
  readonly events: readonly Event[]
  readonly berths: readonly Berth[]
  readonly callers: readonly Caller[]
  /** The addresses of the host, as they were told with each change of the network. */
  readonly moves: ReadonlyMap<ServerNote, readonly string[]>
  /** What was left when the server had ended by itself, before anybody tidied up. */
  readonly leftAtEnd: readonly string[]
  /** What the runner threw: a leak, a loop that takes no time, a machine that threw. */
  readonly bug: unknown
}

const runScript = scenarioRunner()

export function observeServer(
  scenario: ServerScenario,
  hooks: Pick<ServerOptions, 'afterStep'> = {},
): ServerObservation {
  const books = bookkeeper()
  const notes: ServerNote[] = []
  const moves = new Map<ServerNote, readonly string[]>()
  let leftAtEnd: readonly string[] = []
  let isOver = false
  const { result, bug } = resultOf(scenario, {
    onNote: (note, run) => {
      // The first note comes before the first socket.
      if (notes.length === 0) books.watch(run)
      notes.push(note)
      books.events.push({ at: note.at, kind: 'note', note })
      if (note.type === 'network.changed') moves.set(note, run.world.ports.own)
      if (note.type === 'server.failed' || note.type === 'server.stopped') isOver = true
    },
    afterStep: (index, run) => {
      if (isOver) leftAtEnd = leftIn(run)
      hooks.afterStep?.(index, run)
    },
  })
  const { events, berths, callers } = books
  return { scenario, result, notes, events, berths, callers, moves, leftAtEnd, bug }
}

function resultOf(scenario: ServerScenario, options: ServerOptions): Pick<ServerObservation, 'result' | 'bug'> {
  try {
    return { result: runScript(scenario, options), bug: undefined }
  } catch (bug) {
    return { result: { outcome: 'pending', atMs: 0, ledger: [], trace: [] }, bug }
  }
}

function bookkeeper() {
  const events: Event[] = []
  const berths: Berth[] = []
  const callers: Caller[] = []
  const known = new Map<object, Berth | Caller>()
  return { events, berths, callers, watch }

  function watch({ world: { inbound, clock } }: ServerRun) {
    const { now } = clock
    const original = { ...methodsOf(inbound) }
    let visiting: Visit | undefined
    inbound.visit = (transport, visit) => {
      visiting = visit
      original.visit(transport, visit)
      visiting = undefined
    }
    inbound.enter = (entry) => {
      original.enter(entry)
      if ('die' in entry) enterBerth(entry, now)
      else enterCaller(entry, visiting, now)
    }
    inbound.settle = (listener, local) => {
      original.settle(listener, local)
      const berth = known.get(listener) as Berth
      berth.local = local
    }
    inbound.strike = (entry) => {
      const at = now()
      const one = known.get(entry)
      if (one && 'cameAt' in one) {
        one.goneAt.push(at)
        events.push({ at, kind: 'gone', caller: one })
      } else if (one) {
        one.closedAt.push(at)
        events.push({ at, kind: 'closed', berth: one })
      }
      original.strike(entry)
    }
  }

  function enterBerth(entry: OpenListener, now: () => number) {
    const { listener, transport } = entry
    const berth: Berth = { listener, transport, openedAt: now(), local: undefined, closedAt: [] }
    known.set(entry, berth)
    berths.push(berth)
    events.push({ at: now(), kind: 'opened', berth })
    const receive = entry.receive.bind(entry)
    const heard = (visit: Visit) => {
      if (transport === 'udp') events.push({ at: now(), kind: 'datagram', listener, remote: visit.source })
      receive(visit)
    }
    Object.assign(entry, { receive: heard })
  }

  function enterCaller(entry: OpenGuest, visit: Visit | undefined, now: () => number) {
    const { listener } = entry
    const { source: remote, send, sendAfterMs = 0 } = visit as Visit
    const cameAt = now()
    const speaksAt = send === undefined ? Infinity : cameAt + sendAfterMs
    const caller: Caller = { listener, remote, cameAt, speaksAt, leftAt: undefined, goneAt: [] }
    known.set(entry, caller)
    callers.push(caller)
    events.push({ at: cameAt, kind: 'came', caller })
    const kill = entry.kill.bind(entry)
    const killed: typeof kill = (how) => {
      if (how !== 'vanish') caller.leftAt = now()
      else if (now() < caller.speaksAt) caller.speaksAt = Infinity
      kill(how)
    }
    Object.assign(entry, { kill: killed })
  }
}

const methodsOf = (inbound: Inbound) => ({
  enter: inbound.enter.bind(inbound),
  strike: inbound.strike.bind(inbound),
  settle: inbound.settle.bind(inbound),
  visit: inbound.visit.bind(inbound),
})

function leftIn({ world: { inbound, clock, names } }: ServerRun): readonly string[] {
  const count = (n: number, what: string) => (n > 0 ? [`${n} ${what}`] : [])
  return [...inbound.open, ...count(clock.timers, 'timers'), ...count(names.open, 'queries')]
}

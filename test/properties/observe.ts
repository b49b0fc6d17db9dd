/**
 * Runs a script and writes down what is judged: the notes of the machine, and the sockets as the network saw them, so
 * that the engine's word about its sockets is not the only one.
 */
import type { Endpoint, Family, Transport } from '../../src/endpoint.ts'
import type { Note } from '../../src/ledger.ts'
import type { OpenSocket } from '../../src/sim/network.ts'
import type { ScenarioResult } from '../../src/sim/result.ts'
import type { ClientOptions, ClientRun } from '../../src/sim/client-part.ts'
import { scenarioRunner } from '../../src/sim/run-scenario.ts'
import type { ClientScenario } from '../../src/sim/scenario.ts'

/** A socket from its opening to its close, or closes, should there be more than one. */
export interface Life {
  readonly attempt: number
  readonly transport: Transport
  readonly remote: Endpoint
  readonly openedAt: number
  readonly closedAt: number[]
}

interface Bind {
  readonly family: Family
  readonly address: string | undefined
}

export interface Observation {
  readonly scenario: ClientScenario
  readonly release: boolean
  readonly result: ScenarioResult
  readonly notes: readonly Note[]
  readonly sockets: readonly Life[]
  /** Openings (a life) and closings, in their order. */
  readonly events: readonly { readonly socket: Life; readonly opens: boolean }[]
  readonly binds: readonly Bind[]
  /** What was left when the client had ended by itself, before anybody tidied up. */
  readonly leftAtEnd: readonly string[]
  /** What the runner threw: a leak, a loop that takes no time, a machine that threw. */
  readonly bug: unknown
}

const runScript = scenarioRunner()

export function observe(scenario: ClientScenario, release: boolean): Observation {
  const notes: Note[] = []
  const books = bookkeeper()
  let leftAtEnd: readonly string[] = []
  let over: 'ended' | 'released' | undefined
  const options: ClientOptions = {
    release,
    onNote: (note, run) => {
      // The first note comes before the first socket.
      if (notes.length === 0) books.watch(run)
      notes.push(note)
      if (note.type === 'client.failed' || note.type === 'client.stopped') over = 'ended'
      if (release && note.type === 'attempt.won') over = 'released'
    },
    afterStep: (_, run) => {
      if (over) leftAtEnd = leftIn(run, scenario, over === 'released')
    },
  }
  const { result, bug } = resultOf(scenario, options)
  return { scenario, release, result, notes, leftAtEnd, bug, ...books.kept }
}

function resultOf(scenario: ClientScenario, options: ClientOptions): Pick<Observation, 'result' | 'bug'> {
  try {
    return { result: runScript(scenario, options), bug: undefined }
  } catch (bug) {
    return { result: { outcome: 'pending', atMs: 0, ledger: [], trace: [] }, bug }
  }
}

function bookkeeper() {
  const sockets: Life[] = []
  const events: { socket: Life; opens: boolean }[] = []
  const binds: Bind[] = []
  const lives = new Map<OpenSocket, Life>()
  const watch = ({ world: { network, clock } }: ClientRun) => {
    const enter = network.enter.bind(network)
    const strike = network.strike.bind(network)
    const { ports } = network
    const bind = ports.bind.bind(ports)
    network.enter = (socket) => {
      const { attempt, transport, remote } = socket
      const life = { attempt, transport, remote, openedAt: clock.now(), closedAt: [] }
      lives.set(socket, life)
      sockets.push(life)
      events.push({ socket: life, opens: true })
      enter(socket)
    }
    network.strike = (socket) => {
      const life = lives.get(socket)
      life?.closedAt.push(clock.now())
      if (life) events.push({ socket: life, opens: false })
      strike(socket)
    }
    ports.bind = (transport, family, local) => {
      binds.push({ family, address: local.address })
      return bind(transport, family, local)
    }
  }
  return { kept: { sockets, events, binds }, watch }
}

function leftIn(
  { world: { network, clock, names } }: ClientRun,
  { timeline }: ClientScenario,
  released: boolean,
): readonly string[] {
  const left: string[] = []
  // What the script has still to say is on the clock too, and what the peer of a released socket will do.
  const script = timeline.filter(({ atMs }) => atMs >= clock.now()).length
  if (network.open.length > 0) left.push(`${network.open.length} sockets`)
  if (clock.timers > 0) left.push(`${clock.timers} timers`)
  if (clock.results > script && !released) left.push(`${clock.results - script} results`)
  if (names.open > 0) left.push(`${names.open} queries`)
  return left
}

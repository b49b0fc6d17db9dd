/**
 * Runs a scenario: one client in one virtual world, its timeline, and what came of it. Thousands a second, each the
 * same every time.
 *
 * The client is started before time moves. The script's entries are results without a number (0), so in their instant
 * they come before what the network says, in the order of the file, and before every timer.
 *
 * Nothing may be left when the root has been stopped: a leak is our own bug and throws, as does a machine that threw.
 */
import { type Actor, type InspectionEvent, createActor } from 'xstate'
import { clientLogic, ledgerOf } from '../../machines/client.ts'
import { handlesOf } from '../handles.ts'
import { type Ledger, type LedgerEntry, type Note, entriesOf } from '../ledger.ts'
import { MAX_LINES, traceLine } from '../trace.ts'
import type { ScenarioResult } from './result.ts'
import type { Scenario, TimelineEntry } from './scenario.ts'
import type { VirtualHandle } from './wire.ts'
import { type VirtualWorld, leaksOf, virtualActors, virtualWorld } from './world.ts'

/** What may be done to a client from outside. */
type Command = Extract<TimelineEntry, { readonly do: unknown }>['do']

/** A scenario that is running, as hooks see it. */
export interface Run {
  readonly world: VirtualWorld
  readonly ledger: () => Ledger
  readonly command: (command: Command) => void
}

export interface RunOptions {
  /** Hand the first winner over and end, as `connect()` does; by default it is held, as `createClient` does. */
  readonly release?: boolean
  /** After the start (0) and after each callback of the clock (1, 2, ...); a test may stop the client here. */
  readonly afterStep?: (index: number, run: Run) => void
  /** In the midst of whatever the machine is doing. */
  readonly onNote?: (note: Note, run: Run) => void
  /** XState's own, for inspectors. */
  readonly inspect?: (event: InspectionEvent) => void
}

/**
 * Makes a runner of scenarios. It runs one at a time (a hook may run another one in between), and throws for bugs of
 * our own (or the hook's) only: what a machine threw, a loop that takes no time, a leak.
 */
export function scenarioRunner() {
  let world: VirtualWorld
  const logic = clientLogic(virtualActors(() => world))
  return (scenario: Scenario, options: RunOptions = {}): ScenarioResult => {
    const { config, seed } = scenario
    const outer = world
    const mine = virtualWorld(scenario)
    world = mine
    const input = { config, seed, release: options.release ?? false }
    const actor = createActor(logic, { clock: mine.clock, input, ...(options.inspect && { inspect: options.inspect }) })
    try {
      return play(actor, mine, scenario, options)
    } finally {
      world = outer
    }
  }
}

/** A runner for everybody. */
export const runScenario = scenarioRunner()

type Client = Actor<ReturnType<typeof clientLogic>>

function play(actor: Client, world: VirtualWorld, scenario: Scenario, options: RunOptions): ScenarioResult {
  const run = runOf(actor, world)
  const bugs: unknown[] = []
  const tape = tapeOf(actor, run, bugs, options)
  actor.subscribe({ error: (error) => bugs.push(error) })
  const script = scenario.timeline.map((entry) => world.clock.at(entry.atMs, 0, () => befall(entry, run)))
  let ledger: readonly LedgerEntry[]
  try {
    live(actor, run, scenario.untilMs, options)
    if (bugs.length > 0) throw bugs[0]
    ledger = entriesOf(run.ledger())
  } finally {
    // The end of the scenario is nothing that happened in it.
    tape.stop()
    actor.stop()
    for (const id of script) world.clock.clearTimeout(id)
    takeReleased(actor)
  }
  const leaks = leaksOf(world, actor.system)
  if (leaks.length > 0) throw new Error(`left behind after the end: ${leaks.join(', ')}`)
  return { ...tape.outcome(scenario.untilMs), ledger, trace: tape.lines }
}

function live(actor: Client, run: Run, untilMs: number, { afterStep }: RunOptions): void {
  const { clock } = run.world
  actor.start()
  actor.send({ type: 'start' })
  afterStep?.(0, run)
  for (let index = 1; isRunning(actor) && (clock.next ?? Infinity) <= untilMs; index++) {
    clock.step()
    afterStep?.(index, run)
  }
}

const isRunning = (actor: Client) => actor.getSnapshot().status === 'active'

function runOf(actor: Client, world: VirtualWorld): Run {
  const ledger = () => ledgerOf(actor.getSnapshot())
  const command = (command: Command) => {
    if (!isRunning(actor)) return
    if (command === 'network-changed') actor.send({ type: 'network.changed' })
    else if (command !== 'reject') actor.send({ type: command })
    else actor.send({ type: 'reject', attempt: winnerOf(ledger())?.attempt ?? 0, reason: 'the scenario says so' })
  }
  return { world, ledger, command }
}

/** Takes down what the client tells, and which outcome came first. A hook's throw is kept: XState would lose it. */
function tapeOf(actor: Client, run: Run, bugs: unknown[], { onNote }: RunOptions) {
  const lines: string[] = []
  let first: Outcome | undefined
  const subscription = actor.on('*', (note) => {
    lines.push(traceLine(note))
    if (lines.length > MAX_LINES) lines.shift()
    first ??= outcomeOf(note, run)
    try {
      onNote?.(note, run)
    } catch (error) {
      bugs.push(error)
    }
  })
  return {
    lines,
    outcome: (atMs: number): Outcome => first ?? { outcome: 'pending', atMs },
    stop: () => subscription.unsubscribe(),
  }
}

type Winner = NonNullable<ScenarioResult['winner']>
type Outcome = Pick<ScenarioResult, 'outcome' | 'atMs' | 'winner' | 'failure'>

function outcomeOf(note: Note, run: Run): Outcome | undefined {
  const { at: atMs } = note
  if (note.type === 'client.stopped') return { outcome: 'stopped', atMs }
  if (note.type === 'client.failed') return { outcome: 'failed', atMs, failure: note.failure }
  if (note.type !== 'attempt.won') return undefined
  return { outcome: 'connected', atMs, winner: winnerOf(run.ledger()) as Winner }
}

/** The connection that is held. */
function winnerOf(ledger: Ledger): Winner | undefined {
  const entry = ledger.current.find(({ outcome, endedAt }) => outcome === 'won' && endedAt === undefined)
  if (!entry?.candidate || entry.attempt === null) return undefined
  const { attempt, remote, candidate, local } = entry
  return { attempt, remote, candidate, local }
}

function befall(entry: TimelineEntry, { world: { network, names }, command }: Run): void {
  if ('network' in entry) network.change(entry.network)
  else if ('names' in entry) names.change(entry.names)
  else if ('kill' in entry) network.kill(entry.kill.address, entry.kill.how)
  else if ('bindError' in entry) network.changeBinds(entry.bindError)
  else command(entry.do)
}

/** The host's part: a released socket is taken out of the registry, used, and closed. */
function takeReleased(actor: Client): void {
  const attempt = actor.getSnapshot().output?.attempt ?? 0
  const handles = handlesOf(actor.system)
  const handle = handles.get(attempt)?.handle as VirtualHandle | undefined
  if (!handle) return
  handles.delete(attempt)
  handle.close()
}

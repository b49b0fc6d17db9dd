/**
 * What every run of a scenario has in common: one root in one virtual world, its timeline, its tape, its end. Whether
 * that is a client's root or a server's, its `Part` says.
 *
 * The root is started before time moves. The script's moments are results without a number (0), so in their instant
 * they come before what the network says, in the order of the file, and before every timer.
 *
 * Nothing may be left when the root has been stopped: a leak is our own bug and throws, as does a machine that threw.
 */
import type { InspectionEvent } from 'xstate'
import type { Note } from '../ledger.ts'
import type { ServerNote } from '../roster.ts'
import { MAX_LINES, traceLine } from '../trace.ts'
import { momentsOf } from './befall.ts'
import type { ScenarioResult } from './result.ts'
import type { Command, Scenario } from './scenario.ts'
import { type VirtualWorld, leaksOf } from './world.ts'

/** A scenario that is running, as hooks see it. */
export interface Run {
  readonly world: VirtualWorld
  /** `graceMs`: of a drain. Nothing happens once the root has ended. */
  readonly command: (command: Command, graceMs?: number) => void
}

export interface Hooks<Said extends Note | ServerNote, Seen extends Run> {
  /** After the start (0) and after each callback of the clock (1, 2, ...); a test may stop the root here. */
  readonly afterStep?: (index: number, run: Seen) => void
  /** In the midst of whatever the machine is doing. */
  readonly onNote?: (note: Said, run: Seen) => void
  /** XState's own, for inspectors. */
  readonly inspect?: (event: InspectionEvent) => void
}

export type Outcome = Pick<ScenarioResult, 'outcome' | 'atMs' | 'winner' | 'failure'>

interface Subscription {
  readonly unsubscribe: () => void
}

/** As much of an actor as a run needs. */
interface Root<Said> {
  readonly system: object
  readonly getSnapshot: () => { readonly status: string }
  readonly subscribe: (observer: { readonly error: (error: unknown) => void }) => Subscription
  readonly on: (type: '*', hear: (note: Said) => void) => Subscription
  readonly start: () => unknown
  readonly send: (event: { readonly type: 'start' }) => void
  readonly stop: () => unknown
}

/** What a client and a server do differently. */
export interface Part<Said extends Note | ServerNote, Seen extends Run> {
  readonly root: Root<Said>
  readonly run: Seen
  /** Takes in each note, in their order; gives what comes of it, if it is an outcome. */
  readonly hear: (note: Said) => Outcome | undefined
  /** What there is at the end of the scenario. */
  readonly harvest: () => Pick<ScenarioResult, 'ledger' | 'listeners' | 'counters' | 'sent'>
  /** The host's part, when the root was stopped. */
  readonly tidy: () => void
}

export const isRunning = (root: Pick<Root<never>, 'getSnapshot'>): boolean => root.getSnapshot().status === 'active'

export function play<Said extends Note | ServerNote, Seen extends Run>(
  part: Part<Said, Seen>,
  scenario: Scenario,
  hooks: Hooks<Said, Seen>,
): ScenarioResult {
  const { root, run } = part
  const { clock } = run.world
  const bugs: unknown[] = []
  const tape = tapeOf(part, bugs, hooks)
  root.subscribe({ error: (error) => bugs.push(error) })
  const script = scenario.timeline
    .flatMap((entry) => momentsOf(entry, run.world, ({ do: command, graceMs }) => run.command(command, graceMs)))
    .map(({ atMs, happen }) => clock.at(atMs, 0, happen))
  let harvest: ReturnType<typeof part.harvest>
  try {
    live(part, scenario.untilMs, hooks)
    if (bugs.length > 0) throw bugs[0]
    harvest = part.harvest()
  } finally {
    // The end of the scenario is nothing that happened in it.
    tape.stop()
    root.stop()
    for (const id of script) clock.clearTimeout(id)
    part.tidy()
  }
  const leaks = leaksOf(run.world, root.system)
  if (leaks.length > 0) throw new Error(`left behind after the end: ${leaks.join(', ')}`)
  const { outcome, atMs, ...rest } = tape.outcome(scenario.untilMs)
  return { outcome, atMs, ...rest, ...harvest, trace: tape.lines }
}

function live<Said extends Note | ServerNote, Seen extends Run>(
  { root, run }: Part<Said, Seen>,
  untilMs: number,
  { afterStep }: Hooks<Said, Seen>,
): void {
  const { clock } = run.world
  root.start()
  root.send({ type: 'start' })
  afterStep?.(0, run)
  for (let index = 1; isRunning(root) && (clock.next ?? Infinity) <= untilMs; index++) {
    clock.step()
    afterStep?.(index, run)
  }
}

/** Takes down what the root tells, and which outcome came first. A hook's throw is kept: XState would lose it. */
function tapeOf<Said extends Note | ServerNote, Seen extends Run>(
  { root, run, hear }: Part<Said, Seen>,
  bugs: unknown[],
  { onNote }: Hooks<Said, Seen>,
) {
  const lines: string[] = []
  let first: Outcome | undefined
  const subscription = root.on('*', (note) => {
    lines.push(traceLine(note))
    if (lines.length > MAX_LINES) lines.shift()
    const outcome = hear(note)
    first ??= outcome
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

/**
 * What every run of a scenario has in common: its roots, its timeline, its tapes, its end. Who plays, a `Part` says.
 *
 * The roots are started before time moves. The script's moments are results without a number (0), so in their instant
 * they come before what the network says, in the order of the file, and before every timer.
 *
 * Nothing may be left when the roots have been stopped: a leak is our own bug and throws, as does a machine that threw.
 */
import type { InspectionEvent } from 'xstate'
import type { Note } from '../ledger.ts'
import type { ServerNote } from '../roster.ts'
import { MAX_LINES, traceLine } from '../trace.ts'
import type { Moment } from './befall.ts'
import type { HeapClock } from './clock.ts'
import type { ScenarioResult } from './result.ts'
import type { Command } from './timeline.ts'
import { type VirtualWorld, leaksOf } from './world.ts'

/** A scenario that is running, as hooks see it. */
export interface Run {
  readonly world: VirtualWorld
  /** `graceMs`: of a drain. Nothing happens once the root has ended. */
  readonly command: (command: Command, graceMs?: number) => void
}

export interface Hooks<Said extends Note | ServerNote, Seen> {
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
export interface Root<Said> {
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

/** A client or a server alone. */
export function play<Said extends Note | ServerNote, Seen extends Run>(
  { root, run, hear, harvest, tidy }: Part<Said, Seen>,
  { moments, untilMs }: { readonly moments: readonly Moment[]; readonly untilMs: number },
  { afterStep, onNote }: Hooks<Said, Seen>,
): ScenarioResult {
  const { world } = run
  const tape = new Tape()
  const bugs: unknown[] = []
  const life = enact(root, bugs, (note) => {
    tape.take(note, hear(note))
    onNote?.(note, run)
  })
  return unfold({
    clock: world.clock,
    moments,
    untilMs,
    bugs,
    begin: () => life.begin(),
    isOver: () => !isRunning(root),
    afterStep: (index) => afterStep?.(index, run),
    harvest: () => ({ ...tape.outcome(untilMs), ...harvest(), trace: tape.lines }),
    end: () => {
      life.end()
      tidy()
    },
    leaks: () => leaksOf(world, root.system),
  })
}

/** Lets a root live. A throw of `hear` is kept, since XState would lose it. */
export function enact<Said>(root: Root<Said>, bugs: unknown[], hear: (note: Said) => void) {
  root.subscribe({ error: (error) => bugs.push(error) })
  const subscription = root.on('*', (note) => {
    try {
      hear(note)
    } catch (error) {
      bugs.push(error)
    }
  })
  return {
    begin: () => {
      root.start()
      root.send({ type: 'start' })
    },
    /** Its own end is nothing that happened in the scenario. */
    end: () => {
      subscription.unsubscribe()
      root.stop()
    },
  }
}

/** What was told, and which outcome came first. */
export class Tape {
  readonly lines: string[] = []
  #first: Outcome | undefined

  take(note: Note | ServerNote, outcome: Outcome | undefined): void {
    this.lines.push(traceLine(note))
    if (this.lines.length > MAX_LINES) this.lines.shift()
    this.#first ??= outcome
  }

  outcome(atMs: number): Outcome {
    return this.#first ?? { outcome: 'pending', atMs }
  }
}

interface Plot<Result> {
  readonly clock: HeapClock
  readonly moments: readonly Moment[]
  readonly untilMs: number
  /** What was thrown where it could not be caught. */
  readonly bugs: readonly unknown[]
  readonly begin: () => void
  readonly isOver: () => boolean
  readonly afterStep: (index: number) => void
  readonly harvest: () => Result
  readonly end: () => void
  /** What is left after the end. */
  readonly leaks: () => readonly string[]
}

export function unfold<Result>(plot: Plot<Result>): Result {
  const { clock, moments, bugs } = plot
  const script = moments.map(({ atMs, happen }) => clock.at(atMs, 0, happen))
  let result: Result
  try {
    live(plot)
    if (bugs.length > 0) throw bugs[0]
    result = plot.harvest()
  } finally {
    for (const id of script) clock.clearTimeout(id)
    plot.end()
  }
  const leaks = plot.leaks()
  if (leaks.length > 0) throw new Error(`left behind after the end: ${leaks.join(', ')}`)
  return result
}

function live({ clock, untilMs, begin, isOver, afterStep }: Plot<unknown>): void {
  begin()
  afterStep(0)
  for (let index = 1; !isOver() && (clock.next ?? Infinity) <= untilMs; index++) {
    clock.step()
    afterStep(index)
  }
}

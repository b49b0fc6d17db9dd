/**
 * The door of every machine, and the only place in the core that knows XState.
 *
 * `contain` wraps a machine that has its actors: each event is stamped with `at`, whole ms since the root's start; what
 * the machine emits, its root emits, so that there is one place to listen; and a throwing action stops the children.
 * XState 5 leaves them running for ever (statelyai/xstate#5153), and for us a child is an open socket.
 *
 * `ioActor` is the shape of every injected actor: typed, silent once it was stopped, with a disposer that never throws.
 */
import {
  type ActorLogic,
  type ActorSystemInfo,
  type AnyActorScope,
  type ActorSystem,
  type AnyActorRef,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type CallbackActorLogic,
  type EmittedFrom,
  type EventFromLogic,
  type EventObject,
  fromCallback,
  type InputFrom,
  type SnapshotFrom,
} from 'xstate'
import type { Clock } from './actors.ts'

type System = ActorSystem<ActorSystemInfo>

type Unstamped<Event> = Event extends { readonly at: number } ? Omit<Event, 'at'> : Event

/** What `contain` makes of a machine: the same to look at, but its senders leave `at` to the door. */
export type Contained<Machine extends AnyStateMachine> = ActorLogic<
  SnapshotFrom<Machine>,
  Unstamped<EventFromLogic<Machine>> & EventObject,
  InputFrom<Machine>,
  System,
  EmittedFrom<Machine>
>

/** What a door knows of the root: when it started, and how it emits. */
interface Root {
  readonly origin: number
  readonly emit: AnyActorScope['emit']
}

const roots = new WeakMap<System, Root>()

function clockOf({ _clock: clock }: System): Clock {
  if ('now' in clock) return clock as unknown as Clock
  throw new Error("the root's clock needs `now` besides XState's methods: createActor(logic, { clock: nodeClock })")
}

/** The first machine of a system to start is its root. */
function rootOf({ system, emit }: AnyActorScope): Root {
  let root = roots.get(system)
  if (!root) roots.set(system, (root = { origin: clockOf(system).now(), emit: apart(emit) }))
  return root
}

const TOGETHER = 'sockchart.together'

/** For `emit`: notes that are told in one action, and heard one by one. XState takes its time for each action. */
export const together = <Note extends EventObject>(notes: readonly Note[]): Note =>
  ({ type: TOGETHER, notes }) as unknown as Note

function apart(emit: AnyActorScope['emit']): AnyActorScope['emit'] {
  return (event) => {
    if (event.type !== TOGETHER) return emit(event)
    for (const note of (event as unknown as { readonly notes: readonly EventObject[] }).notes) emit(note)
  }
}

export function contain<Machine extends AnyStateMachine>(machine: Machine): Contained<Machine> {
  // XState binds a machine's methods when it is made, so a derived object overrides these two and shares the rest.
  const door = {
    start: (snapshot: AnyMachineSnapshot, scope: AnyActorScope) => {
      rootOf(scope)
      machine.start(snapshot)
    },
    transition: (snapshot: AnyMachineSnapshot, event: AnyEventObject, scope: AnyActorScope) =>
      transition(machine, snapshot, event, scope),
  }
  return Object.assign(Object.create(machine) as Contained<Machine>, door)
}

function transition(
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  event: AnyEventObject,
  scope: AnyActorScope,
): AnyMachineSnapshot {
  const { origin, emit } = rootOf(scope)
  const at = Math.floor(clockOf(scope.system).now() - origin)
  // Sends, starts and stops of the step wait in a queue of our own: a step that throws half-way does none of them.
  const deferred: (() => void)[] = []
  try {
    const next = machine.transition(snapshot, { ...event, at }, { ...scope, emit, defer: (run) => deferred.push(run) })
    for (const run of deferred) scope.defer(run)
    return next
  } catch (error) {
    for (const child of Object.values<AnyActorRef>(snapshot.children)) scope.stopChild(child)
    return { ...snapshot, status: 'error', error } as unknown as AnyMachineSnapshot
  }
}

export interface Io<Input, Says, Hears> {
  readonly input: Input
  /** Tells the machine; nothing happens once the actor was stopped. */
  readonly say: (event: Says) => void
  readonly hear: (listener: (event: Hears) => void) => void
  /** Tells what is no machine's business: the root emits it, stamped with `at`. Silent once the actor was stopped. */
  readonly emit: (note: EventObject & Readonly<Record<string, unknown>>) => void
  readonly clock: Clock
  /** The key of this root's handles. */
  readonly system: object
}

function emitAt(system: System, note: EventObject): void {
  const root = roots.get(system)
  root?.emit({ ...note, at: Math.floor(clockOf(system).now() - root.origin) })
}

/** `run` starts the work and returns what ends it. */
export function ioActor<Input, Says extends EventObject, Hears extends EventObject = EventObject>(
  run: (io: Io<Input, Says, Hears>) => () => void,
): CallbackActorLogic<Hears, Input> {
  return fromCallback<Hears, Input>(({ input, sendBack, receive, system }) => {
    let running = true
    const dispose = run({
      input,
      say: (event) => {
        if (running) sendBack(event)
      },
      hear: receive,
      emit: (note) => {
        if (running) emitAt(system, note)
      },
      clock: clockOf(system),
      system,
    })
    return () => {
      running = false
      try {
        dispose()
      } catch {
        // XState sends a disposer's throw to the parent, as an error event in its next state, which ends it.
      }
    }
  })
}

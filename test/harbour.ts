import { assign, createActor, setup } from 'xstate'
import { type Message, type Reception, acceptors } from '../src/acceptor.ts'
import type { BinderHears, BinderSays, Limits } from '../src/actors.ts'
import { binderLogic } from '../src/binder.ts'
import { contain } from '../src/contain.ts'
import type { DockEvent, DockRequest, DockSocket, Guest } from '../src/dock.ts'
import { type Endpoint, type Transport, formatEndpoint, parseAddress } from '../src/endpoint.ts'
import { failure } from '../src/failure.ts'
import { guestsOf, listenersOf } from '../src/handles.ts'
import { HeapClock } from '../src/sim/clock.ts'
import { EMPTY_ROSTER, type ServerNote, enrol } from '../src/roster.ts'

/** `203.0.113.1:40000` or `[2001:db8::1]:40000`. */
export function at(text: string): Endpoint {
  const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(text) ?? []
  const address = parseAddress(host)
  if (!address) throw new Error(`${text} is no endpoint`)
  return { ...address, port: Number(port) }
}

export const LOCAL = at('198.51.100.1:1194')
export const ALICE = at('203.0.113.1:40000')
export const BOB = at('203.0.113.2:40000')

/** A TCP client that the test plays. */
export class FakeGuest implements Guest {
  readonly handle = {}
  readonly local = LOCAL
  readonly remote: Endpoint
  spoken = false
  closes = 0
  gone = (): void => {}

  constructor(remote: Endpoint) {
    this.remote = remote
  }

  hasSpoken(): boolean {
    return this.spoken
  }

  watch(gone: () => void): void {
    this.gone = gone
  }

  close(): void {
    this.closes++
  }
}

/** A listening socket that the test plays. */
interface FakeSocket extends DockSocket {
  readonly request: DockRequest
  readonly tell: (event: DockEvent) => void
  readonly log: string[]
}

/** Each binder here has one transport, and is told of one listener at a time. */
type Told =
  | Exclude<BinderHears, { readonly type: 'listeners.bind' }>
  | { readonly type: 'listener.bind'; readonly listener: number; readonly endpoint: Endpoint }

interface Options {
  /** One block for each. */
  readonly blocks?: readonly Transport[]
  readonly limits?: Partial<Limits>
  readonly connected?: Reception['connected']
  readonly heard?: Reception['heard']
  /** Told of each note before the test sees it, as the host is. */
  readonly noted?: (note: ServerNote) => void
}

/** The binders of one server over docks that the test plays, below a root that takes down what they say. */
export function harbour(options: Options = {}) {
  const { blocks = ['tcp'], limits = {}, noted } = options
  const clock = new HeapClock()
  const sockets: FakeSocket[] = []
  const connected: string[] = []
  const messages: Message[] = []
  const notes: ServerNote[] = []
  let roster = EMPTY_ROSTER
  const open = (request: DockRequest, tell: (event: DockEvent) => void): DockSocket => {
    const log: string[] = []
    const socket = {
      handle: {},
      request,
      tell,
      log,
      send: (bytes: Uint8Array, to: Endpoint) =>
        log.push(`${clock.now()} send ${bytes.length} to ${formatEndpoint(to)}`),
      close: () => log.push(`${clock.now()} close`),
    }
    sockets.push(socket)
    return socket
  }
  const reception: Reception = {
    connected: (arrival) => {
      connected.push(`${arrival.peer} on ${arrival.listener} from ${formatEndpoint(arrival.guest.remote)}`)
      options.connected?.(arrival)
    },
    heard: (message) => {
      messages.push(message)
      options.heard?.(message)
    },
  }
  let receptions = 0
  const receptionOf = () => {
    receptions++
    return reception
  }
  const binder = binderLogic({ open }, acceptors(receptionOf))
  const parent = setup({
    types: { context: {} as { readonly said: readonly BinderSays[] }, events: {} as BinderSays | { type: 'stop' } },
    actors: { binder },
    actions: { take: assign(({ context, event }) => ({ said: [...context.said, event as BinderSays] })) },
  }).createMachine({
    context: { said: [] },
    initial: 'serving',
    states: {
      serving: {
        invoke: blocks.map((_, block) => ({
          id: `block ${block}`,
          src: 'binder' as const,
          input: { limits: { maxClients: 1024, amplificationLimit: false, ...limits } },
        })),
        on: { stop: 'stopped', '*': { actions: 'take' } },
      },
      stopped: {},
    },
  })
  const actor = createActor(contain(parent), { clock })
  actor.on('*', (emitted) => {
    const note = emitted as unknown as ServerNote
    noted?.(note)
    notes.push(note)
    roster = enrol(roster, note)
  })
  actor.start()

  const socketOf = (listener: number) => sockets.findLast(({ request }) => request.listener === listener)!
  const hear = (event: Told, block = 0) => {
    const send = (told: BinderHears) => actor.getSnapshot().children[`block ${block}`]?.send(told)
    if (event.type !== 'listener.bind') return send(event)
    const { listener, endpoint } = event
    send({ type: 'listeners.bind', binds: [{ listener, transport: blocks[block] ?? 'tcp', endpoint }] })
  }
  return {
    clock,
    sockets,
    connected,
    messages,
    notes,
    hear,
    socketOf,
    /** Has a listener bound. */
    bind: (listener: number, block = 0) => {
      hear({ type: 'listener.bind', listener, endpoint: LOCAL }, block)
      socketOf(listener).tell({ type: 'bound', local: LOCAL })
    },
    fails: (listener: number, code: string) =>
      socketOf(listener).tell({ type: 'failed', failure: failure(code, 'bind') }),
    arrive: (listener: number, remote = ALICE): FakeGuest => {
      const guest = new FakeGuest(remote)
      socketOf(listener).tell({ type: 'arrived', guest })
      return guest
    },
    send: (listener: number, from = ALICE, size = 10) =>
      socketOf(listener).tell({ type: 'heard', from, bytes: new Uint8Array(size) }),
    stop: () => actor.send({ type: 'stop' }),
    /** Without the stamp of the door. */
    /** Results one by one. */
    said: () => actor.getSnapshot().context.said.flatMap(apart),
    story: () => notes.map(tell),
    counters: () => roster.counters,
    receptions: () => receptions,
    /** Everything that is not closed: listeners, clients, timers. */
    left: () => [listenersOf(actor.system).size, guestsOf(actor.system).size, clock.timers],
  }
}

function tell(note: ServerNote): string {
  switch (note.type) {
    case 'peer.accepted':
      return `${note.at} ${note.peer} accepted on ${note.listener} from ${formatEndpoint(note.remote)}`
    case 'peer.refused':
      return `${note.at} refused ${note.failure.code} on ${note.listener} from ${note.remote && formatEndpoint(note.remote)}`
    case 'peer.dropped':
      return `${note.at} ${note.peer} dropped ${note.failure.code}`
    case 'peer.closed':
      return `${note.at} ${note.peer} closed`
    default:
      return `${note.at} ${note.type}`
  }
}

function apart(event: BinderSays): readonly { readonly type: string; readonly listener?: number }[] {
  const { type } = event
  if (type !== 'listeners.settled') return [Object.assign({ ...event }, { at: undefined })]
  return event.results.map((result) => ({ type: result.local ? 'listener.bound' : 'listener.failed', ...result }))
}

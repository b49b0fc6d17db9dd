/** A server under test: what it noted, what it has open, and ways to reach it. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { AnyActorRef, InspectionEvent } from 'xstate'
import type { ServerConfigInput } from '../../src/config/server-schema.ts'
import { type Endpoint, formatEndpoint } from '../../src/endpoint.ts'
import { guestsOf, listenersOf } from '../../src/handles.ts'
import { nodeActors } from '../../src/node/actors.ts'
import { listen } from '../../src/node/listen.ts'
import type { ListenOptions, Server, ServerConnection, ServerMessage } from '../../src/node/server.ts'
import type { ServerNote } from '../../src/roster.ts'

/** Notes the system of the root, which is the key of all that is open. */
export function spy() {
  let system: object = {}
  const inspect = ({ actorRef }: InspectionEvent) => void (system = (actorRef as AnyActorRef).system)
  return {
    inspect,
    /** Listening sockets and clients that the engine holds. */
    open: () => listenersOf(system).size + guestsOf(system).size,
    /** The `net.Server` or `dgram.Socket` of a listener. */
    handle: (listener: number) => listenersOf(system).get(listener)?.handle as { close(): void },
  }
}

/** A resolver that knows these names only. */
export function names(known: Readonly<Record<string, readonly string[]>>) {
  const { resolver } = nodeActors({ lookup: (host, _families, answer) => answer(null, known[host] ?? []) })
  return { resolver }
}

export interface Served extends AsyncDisposable {
  readonly server: Server
  readonly spied: ReturnType<typeof spy>
  readonly notes: ServerNote[]
  /** Ends it at once. */
  readonly stop: AbortController
  /** The next note of this kind. */
  readonly noted: <Type extends ServerNote['type']>(type: Type) => Promise<Extract<ServerNote, { type: Type }>>
}

export async function serve(config: ServerConfigInput, options: ListenOptions = {}): Promise<Served> {
  const spied = spy()
  const stop = new AbortController()
  const server = await listen(config, { signal: stop.signal, inspect: spied.inspect, ...options })
  const notes: ServerNote[] = []
  const waiting = new Set<(note: ServerNote) => void>()
  server.on('note', (note) => {
    notes.push(note)
    for (const look of waiting) look(note)
  })
  const noted = <Type extends ServerNote['type']>(type: Type) =>
    new Promise<Extract<ServerNote, { type: Type }>>((resolve) => {
      const look = (note: ServerNote) => {
        if (note.type !== type) return
        waiting.delete(look)
        resolve(note as Extract<ServerNote, { type: Type }>)
      }
      waiting.add(look)
    })
  const dispose = async () => {
    stop.abort()
    await server.closed
  }
  return { server, spied, notes, stop, noted, [Symbol.asyncDispose]: dispose }
}

/** What is bound, as text: `tcp 127.0.0.1:1194`. */
export const bound = ({ roster }: Server): string[] =>
  roster.listeners.flatMap(({ transport, local }) => (local ? [`${transport} ${formatEndpoint(local)}`] : []))

/** What is bound, in order. */
export const locals = ({ roster }: Server): Endpoint[] => roster.listeners.flatMap(({ local }) => local ?? [])

export const nextConnection = async (server: Server) => ((await once(server, 'connection')) as [ServerConnection])[0]
export const nextMessage = async (server: Server) => ((await once(server, 'message')) as [ServerMessage])[0]

/** Connected; its errors are nobody's concern. */
export async function tcpTo({ address, port }: Omit<Endpoint, 'family'>): Promise<Socket> {
  const socket = connect({ host: address, port }).on('error', () => {})
  await once(socket, 'connect')
  return socket
}

export const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))

/** Bound to loopback of the family. */
export async function udpFrom(address: '127.0.0.1' | '::1'): Promise<UdpSocket> {
  const socket = createSocket(address === '::1' ? 'udp6' : 'udp4').bind(0, address)
  await once(socket, 'listening')
  return socket
}

/** A port that nobody has, on either family, TCP or UDP. */
export async function freePort(): Promise<number> {
  await using served = await serve({ listen: [{ proto: 'tcp', port: 0 }] })
  return locals(served.server)[0]?.port ?? 0
}

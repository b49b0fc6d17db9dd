/**
 * Where every datagram of two played peers goes: a real socket leaves it here, and from here it comes to a real socket.
 * In between the script decides what becomes of it (`src/sim/internet.ts`).
 */
import { type Socket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Endpoint, Family } from '../../src/endpoint.ts'
import type { Place } from './grounds.ts'
import type { Stillness } from './stillness.ts'

interface Departure {
  readonly bytes: Uint8Array
  readonly left: () => void
}

const LOOPBACK = { ipv4: '127.0.0.1', ipv6: '::1' } as const
const FAMILIES = ['ipv4', 'ipv6'] as const

export async function openRouter(stillness: Stillness): Promise<Router> {
  const socketOf = async (family: Family) => {
    const socket = createSocket(family === 'ipv4' ? 'udp4' : 'udp6')
    socket.bind({ address: LOOPBACK[family], port: 0, exclusive: true })
    await once(socket, 'listening')
    return socket
  }
  return new Router(stillness, { ipv4: await socketOf('ipv4'), ipv6: await socketOf('ipv6') })
}

export class Router {
  readonly #stillness: Stillness
  readonly #sockets: Readonly<Record<Family, Socket>>
  /** By family and port of the socket that they leave. */
  readonly #departures = new Map<string, Departure[]>()

  constructor(stillness: Stillness, sockets: Readonly<Record<Family, Socket>>) {
    this.#stillness = stillness
    this.#sockets = sockets
    for (const family of FAMILIES)
      sockets[family].on('message', (bytes, { port }) => this.#left(`${family} ${port}`, bytes))
  }

  /** The socket at that port is about to send this; gives where to. */
  expect(family: Family, port: number, bytes: Uint8Array): Endpoint {
    const from = `${family} ${port}`
    const left = this.#stillness.expect(`a datagram from ${from}`)
    const before = this.#departures.get(from) ?? []
    this.#departures.set(from, [...before, { bytes: bytes.slice(), left }])
    return { family, address: LOOPBACK[family], port: this.#portOf(family) }
  }

  forward(bytes: Uint8Array, family: Family, { address, port }: Place): void {
    this.#sockets[family].send(bytes, port, address)
  }

  isFrom({ family, port }: Endpoint): boolean {
    return port === this.#portOf(family)
  }

  close(): void {
    for (const family of FAMILIES) this.#sockets[family].close()
  }

  /** What comes from anywhere else, or is not what was sent, is not what is waited for. */
  #left(from: string, bytes: Uint8Array): void {
    const [first, ...rest] = this.#departures.get(from) ?? []
    if (!first || Buffer.compare(first.bytes, bytes) !== 0) return
    this.#departures.set(from, rest)
    first.left()
  }

  #portOf(family: Family): number {
    return this.#sockets[family].address().port
  }
}

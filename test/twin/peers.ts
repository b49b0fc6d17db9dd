/**
 * Real peers for scripted behaviours: TCP and UDP servers of this process. A peer does what it is told, when it is told;
 * the times are the script's.
 */
import { type Socket as UdpSocket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type Server, type Socket, createServer } from 'node:net'
import type { Transport } from '../../src/endpoint.ts'

export interface Address {
  readonly address: string
  readonly port: number
}

/** A server of one endpoint; its clients are known by their port. */
export interface Peer {
  /** Resolves when the client's connection was accepted; on UDP at once. */
  readonly accepted: (client: number) => Promise<void>
  /** Resolves when the client's `n`th request is there. */
  readonly heard: (client: number, n: number) => Promise<void>
  /** Answers the client's `n`th request. */
  readonly answer: (client: number, n: number) => void
  /** Says this to the client. */
  readonly say: (client: number, bytes: Uint8Array) => void
  /** TCP: RST. UDP: the port is closed. */
  readonly reset: (client: number) => void
  readonly fin: (client: number) => void
  /** Some client has not hung up. On UDP nobody can tell. */
  readonly hasClients: boolean
  /** Accepts no more; connections that are there live on, until `destroy`. */
  readonly close: () => Promise<void>
  readonly destroy: () => void
}

export function openPeer(transport: Transport, at: Address): Promise<Peer> {
  return transport === 'tcp' ? openTcpPeer(at) : openUdpPeer(at)
}

/** What came from the clients, and who waits for it. */
class Inbox {
  readonly #requests = new Map<number, Uint8Array[]>()
  readonly #waiting = new Set<() => void>()

  take(client: number, bytes: Uint8Array): void {
    this.#requests.set(client, [...(this.#requests.get(client) ?? []), bytes])
    for (const look of this.#waiting) look()
  }

  request(client: number, n: number): Uint8Array | undefined {
    return this.#requests.get(client)?.[n - 1]
  }

  async heard(client: number, n: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!this.request(client, n)) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }
}

async function openTcpPeer({ address: host, port }: Address): Promise<Peer> {
  const inbox = new Inbox()
  const clients = new Map<number, Socket>()
  const present = new Set<Socket>()
  const waiting = new Map<number, () => void>()
  const server: Server = createServer((socket) => {
    const client = socket.remotePort ?? 0
    clients.set(client, socket)
    present.add(socket)
    // A client may reset at any time: that is its right.
    socket.on('error', () => {}).on('data', (bytes: Uint8Array) => inbox.take(client, bytes))
    socket.on('close', () => present.delete(socket))
    waiting.get(client)?.()
  })
  server.listen({ host, port, ipv6Only: true })
  await once(server, 'listening')
  return {
    accepted: async (client) => {
      if (!clients.has(client)) await new Promise<void>((resolve) => waiting.set(client, resolve))
    },
    heard: (client, n) => inbox.heard(client, n),
    answer: (client, n) => clients.get(client)?.write(answerTo(inbox.request(client, n), 'tcp')),
    say: (client, bytes) => clients.get(client)?.write(bytes),
    reset: (client) => clients.get(client)?.resetAndDestroy(),
    fin: (client) => clients.get(client)?.end(),
    get hasClients() {
      return present.size > 0
    },
    // 'close' comes with the last connection only; the port is free at once.
    close: () => Promise.resolve(void server.close()),
    destroy: () => {
      for (const socket of clients.values()) socket.destroy()
      server.close()
    },
  }
}

async function openUdpPeer({ address, port }: Address): Promise<Peer> {
  const inbox = new Inbox()
  const isIpv6 = address.includes(':')
  const socket: UdpSocket = createSocket({ type: isIpv6 ? 'udp6' : 'udp4', ipv6Only: isIpv6 })
  let isOpen = true
  const close = () => {
    if (isOpen) socket.close()
    isOpen = false
  }
  socket.on('message', (bytes, from) => inbox.take(from.port, bytes))
  const clients = new Map<number, string>()
  socket.on('message', (_, from) => clients.set(from.port, from.address))
  socket.bind({ address, port, exclusive: true })
  await once(socket, 'listening')
  return {
    accepted: () => Promise.resolve(),
    heard: (client, n) => inbox.heard(client, n),
    answer: (client, n) => socket.send(answerTo(inbox.request(client, n), 'udp'), client, clients.get(client)),
    say: (client, bytes) => socket.send(bytes, client, clients.get(client)),
    reset: close,
    fin: () => {},
    hasClients: false,
    close: () => Promise.resolve(close()),
    destroy: close,
  }
}

const CLIENT_RESET = 7 << 3
const SERVER_RESET = 8 << 3

/** OpenVPN's hard reset is answered as its server does (plain, without keys); anything else is said back. */
function answerTo(request: Uint8Array = new Uint8Array(0), transport: Transport): Uint8Array {
  const packet = transport === 'tcp' ? request.subarray(2) : request
  if (packet[0] !== CLIENT_RESET) return request
  const clientSession = packet.subarray(1, 9)
  // Opcode, our session, one ack of packet 0 for theirs, our packet 0.
  const answer = Uint8Array.of(SERVER_RESET, ...Buffer.from('sockchrt'), 1, 0, 0, 0, 0, ...clientSession, 0, 0, 0, 0)
  return transport === 'tcp' ? Uint8Array.of(0, answer.length, ...answer) : answer
}

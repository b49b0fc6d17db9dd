/**
 * Real clients of a real server, by the script: who comes, from where, what it says, and when it leaves. The server's
 * side hears of them under their scripted addresses only.
 */
import { type Socket as UdpSocket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import type { Guest } from '../../src/dock.ts'
import { type Endpoint, type Transport, formatEndpoint } from '../../src/endpoint.ts'
import type { HeapClock } from '../../src/sim/clock.ts'
import type { Visit } from '../../src/sim/inbound.ts'
import { type KillHow, meaning } from '../../src/sim/network.ts'
import type { Ground, Place } from './grounds.ts'
import type { Stillness } from './stillness.ts'

/** What everything in a played scenario lives in. */
export interface Stage {
  readonly clock: HeapClock
  readonly stillness: Stillness
  readonly ground: Ground
}

export class Visitors {
  readonly #stage: Stage
  readonly #clients = new Set<Client>()
  readonly #peers = new Map<string, Peer>()

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** Datagrams that the server has sent, and that came where they were to go. */
  get received(): number {
    return [...this.#peers.values()].reduce((sum, peer) => sum + peer.received, 0)
  }

  /** `door`: where somebody listens. Without one a client is refused, and a datagram is lost. */
  come(transport: Transport, visit: Visit, door: Place | undefined): void {
    if (transport === 'tcp')
      this.#clients.add(new Client(this.#stage, visit, door ?? this.#stage.ground.server(visit.to)))
    else if (door) this.#peerAt(visit.source).send(visit, door)
  }

  #peerAt(source: Endpoint): Peer {
    const name = formatEndpoint(source)
    const peer = this.#peers.get(name) ?? new Peer(this.#stage, source)
    this.#peers.set(name, peer)
    return peer
  }

  /** The server's side of a client that has connected, as the script has it; one of a stranger stays as it is. */
  arrived(listener: number, guest: Guest): Guest {
    const client = [...this.#clients].find((client) => client.isAt(guest.remote))
    return client?.arrive(listener, guest) ?? guest
  }

  /** The server has read what a client said. */
  read(source: Endpoint): void {
    for (const client of this.#clients) if (meaning(formatEndpoint(source))(client.source)) client.wasRead()
  }

  /** A datagram has come to the server; gives who sent it. */
  heard(from: Endpoint): Endpoint {
    const peer = [...this.#peers.values()].find((peer) => peer.isAt(from))
    peer?.wasHeard()
    return peer?.source ?? from
  }

  /** The server answers: where that peer really is. */
  answered(source: Endpoint): Endpoint {
    return this.#peers.get(formatEndpoint(source))?.answered() ?? source
  }

  kill(target: string, how: KillHow): void {
    for (const client of this.#clients) if (meaning(target)(client.source)) client.kill(how)
  }

  /** Nobody is connected any more. */
  get haveGone(): boolean {
    return [...this.#clients].every((client) => client.hasGone)
  }

  close(): void {
    for (const visitor of [...this.#clients, ...this.#peers.values()]) visitor.close()
  }
}

class Client {
  readonly source: Endpoint
  readonly #stage: Stage
  readonly #visit: Visit
  readonly #socket: Socket
  readonly #due = new Set<unknown>()
  #arriving = () => {}
  #reading = () => {}
  #isHere = false

  constructor(stage: Stage, visit: Visit, { address: host, port }: Place) {
    const { ground, stillness } = stage
    const { address: localAddress, port: localPort } = ground.visitor(visit.source)
    this.#stage = stage
    this.#visit = visit
    this.source = visit.source
    this.#socket = connect({ host, port, localAddress, localPort })
    const arrived = new Promise<void>((resolve, reject) => {
      this.#arriving = resolve
      this.#socket.on('error', (error: NodeJS.ErrnoException) => {
        // Refused; or reset, which is the server's right.
        if (this.#isHere || error.code === 'ECONNREFUSED') resolve()
        else reject(error)
      })
    })
    void stillness.during(`${this.#name} to get in, or to be refused`, arrived)
    this.#socket.resume()
  }

  get #name(): string {
    return `client ${formatEndpoint(this.source)}`
  }

  get hasGone(): boolean {
    return this.#socket.closed
  }

  isAt({ address, port }: Endpoint): boolean {
    return !this.#isHere && this.#socket.localAddress === address && this.#socket.localPort === port
  }

  arrive(listener: number, guest: Guest): Guest {
    const { clock, stillness } = this.#stage
    const { source, to, send, sendAfterMs = 0, closeAfterMs } = this.#visit
    this.#isHere = true
    this.#arriving()
    guest.watch(() => this.#forget())
    if (send !== undefined) this.#at(clock.now() + sendAfterMs, listener, () => this.#say(send))
    if (closeAfterMs !== undefined) this.#at(clock.now() + closeAfterMs, listener, () => this.kill('fin'))
    return {
      handle: guest.handle,
      remote: source,
      local: to,
      hasSpoken: () => guest.hasSpoken(),
      watch: (gone) => guest.watch(gone),
      close: () => {
        this.#forget()
        if (!this.hasGone) this.#socket.once('close', stillness.expect(`${this.#name} to be closed`))
        guest.close()
      },
    }
  }

  wasRead(): void {
    this.#reading()
  }

  kill(how: KillHow): void {
    const { stillness } = this.#stage
    this.#forget()
    if (how === 'vanish' || this.hasGone) return
    this.#socket.once('close', stillness.expect(`the end of ${this.#name}`))
    if (how === 'fin') this.#socket.end()
    else this.#socket.resetAndDestroy()
  }

  close(): void {
    this.#forget()
    this.#socket.destroy()
  }

  #say(text: string): void {
    this.#reading = this.#stage.stillness.expect(`what ${this.#name} said to be read`)
    this.#socket.write(text)
  }

  #at(ms: number, number: number, run: () => void): void {
    this.#due.add(this.#stage.clock.at(ms, number, run))
  }

  /** It does nothing more of its own. */
  #forget(): void {
    for (const id of this.#due) this.#stage.clock.clearTimeout(id)
    this.#due.clear()
    this.#reading()
  }
}

class Peer {
  readonly source: Endpoint
  readonly #stage: Stage
  readonly #socket: UdpSocket
  readonly #bound: Promise<unknown>
  #hearing = () => {}
  readonly #answers: (() => void)[] = []
  #received = 0

  constructor(stage: Stage, source: Endpoint) {
    const { address, port } = stage.ground.visitor(source)
    this.source = source
    this.#stage = stage
    this.#socket = createSocket(source.family === 'ipv6' ? 'udp6' : 'udp4')
    this.#socket.bind({ address, port, exclusive: true })
    this.#bound = once(this.#socket, 'listening')
    this.#socket.on('message', () => {
      this.#received++
      this.#answers.shift()?.()
    })
  }

  get #name(): string {
    return `peer ${formatEndpoint(this.source)}`
  }

  get received(): number {
    return this.#received
  }

  isAt(place: Endpoint): boolean {
    const { address, port } = this.#socket.address()
    return address === place.address && port === place.port
  }

  send({ send = '' }: Visit, { address, port }: Place): void {
    const { stillness } = this.#stage
    this.#hearing = stillness.expect(`${this.#name} to be heard`)
    void stillness.during(
      `${this.#name} to send`,
      this.#bound.then(() => this.#socket.send(send, port, address)),
    )
  }

  wasHeard(): void {
    this.#hearing()
  }

  answered(): Endpoint {
    const { address, port } = this.#socket.address()
    this.#answers.push(this.#stage.stillness.expect(`an answer to ${this.#name}`))
    return { ...this.source, address, port }
  }

  close(): void {
    this.#socket.close()
  }
}

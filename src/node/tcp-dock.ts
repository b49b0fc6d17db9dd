/**
 * One listening TCP socket of the kernel as a `DockSocket`. It decides nothing, but that the last descriptors of this
 * process are not for clients.
 *
 * A client's socket is never paused: Node reads ahead up to the high-water mark, so a first byte is seen though nobody
 * reads, and is the program's to read later.
 */
import { type AddressInfo, Server, type Socket } from 'node:net'
import type { DockEvent, DockSocket, Guest } from '../dock.ts'
import type { Endpoint, Family } from '../endpoint.ts'
import { type Failure, failure } from '../failure.ts'
import type { WireEvent, WireSocket } from '../wire.ts'
import type { ReadySocket } from '../plugins/plugin.ts'
import { descriptorBudget } from './fd-budget.ts'
import { adoptTcp } from './tcp-wire.ts'
import { bindProblem, endpointOf, systemFailure, WILDCARD } from './kernel.ts'

/** Clients that the kernel keeps for us while we are busy; Node's own figure. */
const BACKLOG = 511

/** What accept(2) says of the client that was to be accepted, not of the listener. */
const CLIENTS_OWN: ReadonlySet<string> = new Set(
  'ECONNABORTED EHOSTDOWN EHOSTUNREACH ENETDOWN ENETUNREACH ENONET ENOPROTOOPT EOPNOTSUPP EPERM EPROTO'.split(' '),
)

/** One for the process, as its descriptors are; Node's `maxConnections` is each server's own. */
const mayStay = descriptorBudget()

/** `ready`: listens there already. */
export function openTcpDock(endpoint: Endpoint, tell: (event: DockEvent) => void, ready?: ReadySocket): DockSocket {
  return new TcpDock(endpoint, tell, ready)
}

/** Node tells of a closed server when its last client has gone; a listener is gone at once. */
class Listener extends Server {
  override close(done?: (error?: Error) => void): this {
    super.close(done)
    this.emit('unbound')
    return this
  }
}

class TcpDock implements DockSocket {
  readonly handle = new Listener()
  readonly #family: Family
  readonly #tell: (event: DockEvent) => void
  #state: 'binding' | 'bound' | 'done' = 'binding'

  constructor(endpoint: Endpoint, tell: (event: DockEvent) => void, ready: ReadySocket | undefined) {
    const { family, address, port } = endpoint
    const place = ready ?? { host: address, port, ipv6Only: family === 'ipv6' }
    const server = this.handle
    this.#family = family
    this.#tell = tell
    server.on('listening', this.#onListening).on('connection', this.#onConnection)
    server.on('error', this.#onError).on('unbound', this.#onUnbound)
    try {
      const problem = bindProblem(endpoint)
      if (problem) this.#failLater(problem)
      else server.listen({ exclusive: true, backlog: BACKLOG, ...place })
    } catch (error) {
      this.#failLater(systemFailure(error as NodeJS.ErrnoException, 'bind'))
    }
  }

  send(): void {
    // There are no datagrams here.
  }

  close(): void {
    this.#state = 'done'
    this.handle.close()
  }

  readonly #onListening = (): void => {
    const local = endpointOf(this.#family, this.handle.address() as AddressInfo)
    this.#state = 'bound'
    if (local) this.#tell({ type: 'bound', local })
  }

  readonly #onConnection = (socket: Socket): void => {
    socket.on('error', ignore)
    const remote = endpointOf(this.#family, { address: socket.remoteAddress, port: socket.remotePort })
    if (remote && mayStay()) return this.#tell({ type: 'arrived', guest: new TcpGuest(socket, remote) })
    socket.resetAndDestroy()
    // Without an address it has gone already.
    if (remote) this.#tell({ type: 'turnedAway', from: remote })
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    if (this.#state === 'binding') this.#fail(systemFailure(error, 'bind'))
    else if (!CLIENTS_OWN.has(error.code ?? '')) this.#fail(systemFailure(error, 'accept'))
  }

  readonly #onUnbound = (): void => {
    if (this.#state !== 'done') this.#failLater(failure('LOCAL_CLOSE', 'accept'))
  }

  #failLater(why: Failure): void {
    process.nextTick(() => this.#fail(why))
  }

  #fail(why: Failure): void {
    if (this.#state === 'done') return
    this.close()
    this.#tell({ type: 'failed', failure: why })
  }
}

/** Nothing of it but the socket and where it comes from: there may be very many. */
class TcpGuest implements Guest {
  readonly handle: Socket
  readonly remote: Endpoint

  constructor(handle: Socket, remote: Endpoint) {
    this.handle = handle
    this.remote = remote
  }

  get local(): Endpoint {
    const { family } = this.remote
    const { localAddress: address, localPort: port } = this.handle
    return endpointOf(family, { address, port }) ?? { family, address: WILDCARD[family], port: 0 }
  }

  hasSpoken(): boolean {
    return this.handle.bytesRead > 0
  }

  watch(gone: () => void): void {
    this.handle.on('close', gone)
  }

  close(): void {
    this.handle.resetAndDestroy()
  }

  adopt(reads: boolean, tell: (event: WireEvent) => void): WireSocket {
    return adoptTcp(this.handle, this.local, reads, tell)
  }
}

/** A client's reset is no crash; whoever wants to know listens, too. */
function ignore(): void {}

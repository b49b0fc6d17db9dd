/**
 * One bound UDP socket of the kernel as a `DockSocket`, for any number of peers. It decides nothing.
 *
 * Two programs that both set `reuseAddr` share a UDP port without a word, so it is never set.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import type { DockEvent, DockSocket, Refused } from '../dock.ts'
import type { Endpoint, Family } from '../endpoint.ts'
import { type Failure, failure } from '../failure.ts'
import type { ReadySocket } from '../plugins/plugin.ts'
import { bindProblem, endpointOf, systemFailure } from './kernel.ts'

/** Bytes that may wait while the kernel's own buffer is full; later datagrams are dropped. */
const MAX_UNSENT = 1_048_576

/** `ready`: is bound there already. */
export function openUdpDock(endpoint: Endpoint, tell: (event: DockEvent) => void, ready?: ReadySocket): DockSocket {
  return new UdpDock(endpoint, tell, ready)
}

class UdpDock implements DockSocket {
  readonly handle: Socket
  readonly #family: Family
  readonly #tell: (event: DockEvent) => void
  #state: 'binding' | 'bound' | 'done' = 'binding'

  constructor(endpoint: Endpoint, tell: (event: DockEvent) => void, ready: ReadySocket | undefined) {
    const { family } = endpoint
    this.#family = family
    this.#tell = tell
    this.handle = createSocket({
      type: family === 'ipv4' ? 'udp4' : 'udp6',
      ipv6Only: family === 'ipv6',
      // Only literals come here, and Node would wait a turn for each datagram.
      lookup: (address, _options, answer) => answer(null, address, family === 'ipv4' ? 4 : 6),
    })
    this.handle.on('listening', this.#onListening).on('message', this.#onMessage)
    this.handle.on('error', this.#onError).on('close', this.#onClose)
    // With its look-up at once Node would speak from inside `open`, too.
    process.nextTick(() => this.#bind(endpoint, ready))
  }

  send(bytes: Uint8Array, { address, port }: Endpoint, refused?: Refused): void {
    if (this.#state !== 'bound') return
    try {
      if (this.handle.getSendQueueSize() + bytes.byteLength <= MAX_UNSENT)
        this.handle.send(bytes, port, address, refused && tellingOf(refused))
      else if (refused) process.nextTick(() => refused(failure('ENOBUFS', 'connected')))
    } catch {
      // Port 0, which a stranger may well have sent from.
    }
  }

  close(): void {
    if (this.#state === 'done') return
    this.#state = 'done'
    try {
      this.handle.close()
    } catch {
      // Closed already; Node throws then.
    }
  }

  #bind(endpoint: Endpoint, ready: ReadySocket | undefined): void {
    if (this.#state === 'done') return
    const problem = bindProblem(endpoint)
    if (problem) return this.#fail(problem)
    try {
      const { address, port } = endpoint
      this.handle.bind({ exclusive: true, ...(ready ?? { address, port }) })
    } catch (error) {
      this.#onError(error as NodeJS.ErrnoException)
    }
  }

  readonly #onListening = (): void => {
    const local = endpointOf(this.#family, this.handle.address())
    this.#state = 'bound'
    if (local) this.#tell({ type: 'bound', local })
  }

  readonly #onMessage = (bytes: Uint8Array, source: RemoteInfo): void => {
    const from = endpointOf(this.#family, source)
    if (from) this.#tell({ type: 'heard', from, bytes })
  }

  get #stage(): 'bind' | 'accept' {
    return this.#state === 'binding' ? 'bind' : 'accept'
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    // What could not be sent is lost, as a datagram may be.
    if (error.syscall !== 'send') this.#fail(systemFailure(error, this.#stage))
  }

  readonly #onClose = (): void => this.#fail(failure('LOCAL_CLOSE', this.#stage))

  #fail(why: Failure): void {
    if (this.#state === 'done') return
    this.close()
    this.#tell({ type: 'failed', failure: why })
  }
}

const tellingOf = (refused: Refused) => (error: NodeJS.ErrnoException | null) => {
  if (error) refused(systemFailure(error, 'connected'))
}

/**
 * One TCP socket of the kernel as a `WireSocket`. It decides nothing.
 *
 * The socket is never paused: Node reads ahead up to its high-water mark, into the buffer that the user reads from, so
 * no byte is lost, and a reset or an end is seen early. Only an end behind unread bytes waits until they are read.
 */
import { Socket } from 'node:net'
import type { Endpoint } from '../endpoint.ts'
import { type Failure, failure, isShortage } from '../failure.ts'
import type { WireEvent, WireRequest, WireSocket } from '../wire.ts'
import { endpointOf, requestProblem, systemFailure, WILDCARD } from './kernel.ts'

export function openTcp(request: WireRequest, tell: (event: WireEvent) => void): WireSocket {
  const socket = new TcpSocket(new Socket(), request.reads, tell)
  socket.dial(request)
  return socket
}

/** Of a client that has come to us. */
export function adoptTcp(
  handle: Socket,
  local: Endpoint,
  reads: boolean,
  tell: (event: WireEvent) => void,
): WireSocket {
  const socket = new TcpSocket(handle, reads, tell)
  process.nextTick(() => socket.adopted(local))
  return socket
}

class TcpSocket implements WireSocket {
  readonly handle: Socket
  readonly #tell: (event: WireEvent) => void
  #state: 'dialling' | 'held' | 'done' = 'dialling'
  #cause: Failure | undefined

  constructor(socket: Socket, reads: boolean, tell: (event: WireEvent) => void) {
    this.handle = socket
    this.#tell = tell
    socket.on('error', this.#onError).on('end', this.#onEnd).on('close', this.#onClose)
    // 'readable' rather than 'data': when its last listener goes, the stream is as if nobody had ever read.
    if (reads) socket.on('readable', () => this.#read())
    socket.setNoDelay(true)
  }

  dial(request: WireRequest): void {
    const { family, remote, local } = request
    const socket = this.handle
    this.#cause = requestProblem(request)
    socket.on('connectionAttempt', () => process.nextTick(() => this.#opened(request)))
    socket.on('connect', () => this.#tell({ type: 'connected', local: endpointOf(family, socket.address()) }))
    const binding = local && { localAddress: local.address ?? WILDCARD[family], localPort: local.port }
    try {
      if (this.#cause) socket.destroy()
      else socket.connect({ host: remote.address, port: remote.port, autoSelectFamily: false, ...binding })
    } catch (error) {
      this.#cause = systemFailure(error as NodeJS.ErrnoException, 'open')
      socket.destroy()
    }
  }

  adopted(local: Endpoint): void {
    for (const type of ['opened', 'connected'] as const) if (this.#state === 'dialling') this.#tell({ type, local })
  }

  send(bytes: Uint8Array): void {
    if (this.#state !== 'done') this.handle.write(bytes)
  }

  accept(release: boolean, early: readonly Uint8Array[]): void {
    const socket = this.handle
    // Nobody else has had the socket yet: these are all ours.
    for (const event of ['connectionAttempt', 'connect', 'readable']) socket.removeAllListeners(event)
    for (const bytes of early.toReversed()) socket.unshift(bytes)
    this.#state = release ? 'done' : 'held'
    if (release) socket.off('error', this.#onError).off('end', this.#onEnd).off('close', this.#onClose)
  }

  close({ abruptly } = { abruptly: false }): void {
    if (this.#state === 'done') return
    this.#state = 'done'
    // The listeners stay: an 'error' that comes late would be thrown if nobody heard it.
    if (abruptly) this.handle.resetAndDestroy()
    else this.handle.destroy()
  }

  // A failed bind never comes here. A failed `connect` does, and has destroyed the socket when the tick comes; where
  // the kernel had no socket to give, nothing was opened.
  #opened({ family, local }: WireRequest): void {
    const { code = '' } = (this.handle.errored ?? {}) as NodeJS.ErrnoException
    if (this.#state !== 'dialling' || isShortage(code) || code === 'EAFNOSUPPORT') return
    this.#tell({ type: 'opened', local: local && endpointOf(family, this.handle.address()) })
  }

  #read(): void {
    // What is told may end the dialling, and the next byte is the user's then.
    const next = () => (this.#state === 'dialling' ? (this.handle.read() as Uint8Array | null) : null)
    for (let bytes = next(); bytes; bytes = next()) this.#tell({ type: 'received', bytes })
  }

  get #stage(): 'connect' | 'connected' {
    return this.#state === 'held' ? 'connected' : 'connect'
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    // Without a system call in it, it is what the user gave to `destroy`.
    if (error.syscall !== undefined) this.#cause ??= systemFailure(error, this.#stage)
  }

  readonly #onEnd = (): void => {
    // Node ends our side in answer, but later: if that has ended already, the user closed first.
    if (!this.handle.writableEnded) this.#cause ??= failure('CLOSED_BY_PEER', this.#stage)
  }

  readonly #onClose = (): void => {
    if (this.#state === 'done') return
    const why = this.#cause ?? failure('LOCAL_CLOSE', this.#stage)
    this.#state = 'done'
    this.#tell({ type: 'failed', failure: why })
  }
}

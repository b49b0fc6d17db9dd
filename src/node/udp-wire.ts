/**
 * One connected UDP socket of the kernel as a `WireSocket`. It decides nothing.
 *
 * `connect()` does not filter what was queued before it, so the source of every datagram is compared.
 * The listeners are the channel's and stay with it after a release; until the hand-over the dialer reads before it.
 */
import { createSocket, type RemoteInfo } from 'node:dgram'
import { type Failure, failure, isRefusal } from '../failure.ts'
import type { WireEvent, WireRequest, WireSocket } from '../wire.ts'
import { type ChannelFeed, datagramChannel } from './datagram-channel.ts'
import { endpointOf, requestProblem, systemFailure, WILDCARD } from './kernel.ts'

/** Bytes that may wait while the kernel's own buffer is full; the next datagram is refused with ENOBUFS. */
const MAX_UNSENT = 1_048_576

/** What a connected socket says of one datagram (a router's "too big") or of a bad moment of this machine. */
const PASSING: ReadonlySet<string> = new Set(['EMSGSIZE', 'ENOBUFS', 'ENOMEM'])

/** Node throws some refusals that the kernel would have reported. */
function attempt(act: () => void, refused: (error: NodeJS.ErrnoException) => void): void {
  try {
    act()
  } catch (error) {
    refused(error as NodeJS.ErrnoException)
  }
}

export function openUdp(request: WireRequest, tell: (event: WireEvent) => void): WireSocket {
  const { family, remote, local } = request
  const socket = createSocket({ type: family === 'ipv4' ? 'udp4' : 'udp6', ipv6Only: family === 'ipv6' })
  let state: 'dialling' | 'held' | 'done' = 'dialling'
  let cause = requestProblem(request)
  let feed: ChannelFeed | undefined
  /** The peer as the kernel spells it. */
  let peer: { readonly address: string; readonly port: number } | undefined

  const stage = () => (feed ? 'connected' : 'connect')
  const shut = () => {
    try {
      socket.close()
    } catch {
      // Closed already; Node throws then.
    }
  }
  const end = (why: Failure) => {
    cause ??= why
    shut()
  }
  const send = (bytes: Uint8Array, sent: (problem?: Failure) => void) => {
    const failed = (error: NodeJS.ErrnoException) => {
      // Without a code it is Node that stumbles over a socket which the program has just closed.
      const problem = error.code === undefined ? failure('LOCAL_CLOSE', stage()) : systemFailure(error, stage())
      if (isRefusal(problem.code)) end(problem)
      sent(problem)
    }
    attempt(() => {
      if (socket.getSendQueueSize() + bytes.byteLength > MAX_UNSENT) sent(failure('ENOBUFS', stage()))
      else socket.send(bytes, (error) => (error ? failed(error) : sent()))
    }, failed)
  }

  // Node tells both a tick late; until then we may have been closed.
  const onListening = () => {
    if (state !== 'dialling') return
    tell({ type: 'opened', local: local && endpointOf(family, socket.address()) })
    if (state === 'dialling') attempt(() => socket.connect(remote.port, remote.address), onError)
  }
  const onConnect = () => {
    if (state !== 'dialling') return
    const here = endpointOf(family, socket.address()) ?? { family, address: WILDCARD[family], port: 0 }
    peer = socket.remoteAddress()
    feed = datagramChannel({ local: here, remote, socket, send, close: shut })
    tell({ type: 'connected', local: here })
  }
  const onMessage = (bytes: Uint8Array, from: RemoteInfo) => {
    if (from.address !== peer?.address || from.port !== peer.port) feed?.drop()
    else if (request.reads && state === 'dialling') tell({ type: 'received', bytes })
    else feed?.deliver(bytes)
  }
  const onClose = () => {
    feed?.end(cause)
    if (state === 'done') return
    state = 'done'
    tell({ type: 'failed', failure: cause ?? failure('LOCAL_CLOSE', stage()) })
  }

  const onError = (error: NodeJS.ErrnoException) => {
    if (!feed || !PASSING.has(error.code ?? '')) end(systemFailure(error, stage()))
  }

  socket.on('listening', onListening).on('connect', onConnect).on('message', onMessage)
  socket.on('error', onError).on('close', onClose)
  const binding = { address: local?.address ?? WILDCARD[family], port: local?.port ?? 0, exclusive: true }
  if (cause) shut()
  else attempt(() => socket.bind(binding), onError)

  return {
    get handle() {
      return feed?.channel
    },
    send: (bytes, refused = end) => {
      if (state === 'done') return
      send(bytes, (problem) => {
        if (problem) refused(problem)
      })
    },
    accept: (release, early) => {
      for (const bytes of early) feed?.deliver(bytes)
      state = release ? 'done' : 'held'
    },
    close: () => {
      if (state === 'done') return
      state = 'done'
      shut()
    },
  }
}

/**
 * One TCP socket of the kernel as a `WireSocket`. It decides nothing.
 *
 * The socket is never paused: Node reads ahead up to its high-water mark, into the buffer that the user reads from, so
 * no byte is lost, and a reset or an end is seen early. Only an end behind unread bytes waits until they are read.
 */
import { Socket } from 'node:net'
import { failure, isShortage } from '../failure.ts'
import type { WireEvent, WireRequest, WireSocket } from '../wire.ts'
import { endpointOf, requestProblem, systemFailure, WILDCARD } from './kernel.ts'

export function openTcp(request: WireRequest, tell: (event: WireEvent) => void): WireSocket {
  const { family, remote, local } = request
  const socket = new Socket()
  let state: 'dialling' | 'held' | 'done' = 'dialling'
  let cause = requestProblem(request)

  const stage = () => (state === 'held' ? 'connected' : 'connect')
  // A failed bind never comes here. A failed `connect` does, and has destroyed the socket when the tick comes; where
  // the kernel had no socket to give, nothing was opened.
  const onAttempt = () => {
    process.nextTick(() => {
      const { code = '' } = (socket.errored ?? {}) as NodeJS.ErrnoException
      if (state !== 'dialling' || isShortage(code) || code === 'EAFNOSUPPORT') return
      tell({ type: 'opened', local: local && endpointOf(family, socket.address()) })
    })
  }
  const onConnect = () => tell({ type: 'connected', local: endpointOf(family, socket.address()) })
  // What is told may end the dialling, and the next byte is the user's then.
  const read = () => (state === 'dialling' ? (socket.read() as Uint8Array | null) : null)
  const onReadable = () => {
    for (let bytes = read(); bytes; bytes = read()) tell({ type: 'received', bytes })
  }
  const onError = (error: NodeJS.ErrnoException) => {
    // Without a system call in it, it is what the user gave to `destroy`.
    if (error.syscall !== undefined) cause ??= systemFailure(error, stage())
  }
  const onEnd = () => {
    // Node ends our side in answer, but later: if that has ended already, the user closed first.
    if (!socket.writableEnded) cause ??= failure('CLOSED_BY_PEER', stage())
  }
  const onClose = () => {
    if (state === 'done') return
    const why = cause ?? failure('LOCAL_CLOSE', stage())
    state = 'done'
    tell({ type: 'failed', failure: why })
  }

  socket.on('error', onError).on('end', onEnd).on('close', onClose)
  socket.on('connectionAttempt', onAttempt).on('connect', onConnect)
  // 'readable' rather than 'data': when its last listener goes, the stream is as if nobody had ever read.
  if (request.reads) socket.on('readable', onReadable)
  socket.setNoDelay(true)
  const binding = local && { localAddress: local.address ?? WILDCARD[family], localPort: local.port }
  try {
    if (cause) socket.destroy()
    else socket.connect({ host: remote.address, port: remote.port, autoSelectFamily: false, ...binding })
  } catch (error) {
    cause = systemFailure(error as NodeJS.ErrnoException, 'open')
    socket.destroy()
  }

  return {
    handle: socket,
    send: (bytes) => {
      if (state !== 'done') socket.write(bytes)
    },
    accept: (release, early) => {
      socket.off('connectionAttempt', onAttempt).off('connect', onConnect).off('readable', onReadable)
      for (const bytes of early.toReversed()) socket.unshift(bytes)
      state = release ? 'done' : 'held'
      if (release) socket.off('error', onError).off('close', onClose).off('end', onEnd)
    },
    close: () => {
      if (state === 'done') return
      state = 'done'
      // The listeners stay: an 'error' that comes late would be thrown if nobody heard it.
      socket.destroy()
    },
  }
}

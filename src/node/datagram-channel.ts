/**
 * What a UDP winner becomes: datagrams to and from one peer. The same type whatever carries them (a connected socket
 * here, a proxy's relay elsewhere): the carrier filters by source, the channel queues, counts and ends.
 */
import type { Socket } from 'node:dgram'
import type { Endpoint } from '../endpoint.ts'
import { type Failure, failure } from '../failure.ts'

/** Datagrams kept until somebody reads; later ones are dropped and counted. */
const MAX_UNREAD = 64

/** The peer's or the system's refusal, where `send` or `messages` rejects. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError'
  readonly code: string
  readonly failure: Failure

  constructor(cause: Failure) {
    super(`${cause.message} (${cause.code})`)
    this.code = cause.code
    this.failure = cause
  }
}

export interface DatagramChannel extends AsyncDisposable {
  readonly local: Endpoint
  /**
   * Where datagrams are sent. Of the moment: a peer may move, where that is allowed (`float`). Behind hops it is the relay;
   * `messages` are the remote's own all the same.
   */
  readonly remote: Endpoint
  /** The bound and connected socket, where the channel is a direct one. */
  readonly socket?: Socket | undefined
  /** Datagrams that were not delivered: from strangers, or more than 64 unread. */
  readonly dropped: number
  /**
   * Every datagram once, in order of arrival, to whoever reads first; leaving a loop leaves the channel open. It ends
   * when the channel is closed, and throws a `ChannelError` when the peer refuses (after what came before).
   */
  readonly messages: AsyncIterable<Uint8Array>
  /**
   * Sends one datagram; the bytes must not change until the promise settles. It resolves when the system has taken it,
   * which says nothing about its arrival, and rejects with a `ChannelError`. Nobody needs to wait: a rejection that is
   * not looked at is no unhandled one.
   */
  readonly send: (bytes: Uint8Array) => Promise<void>
  /** Closes at once, also what is under it; again does nothing. */
  readonly close: () => void
}

/** What carries the datagrams. */
export interface Carrier {
  readonly local: Endpoint
  readonly remote: Endpoint
  readonly socket?: Socket | undefined
  /** Tells once, and not from inside the call, what became of it. */
  readonly send: (bytes: Uint8Array, sent: (cause?: Failure) => void) => void
  readonly close: () => void
}

/** The carrier's side of a channel. */
export interface ChannelFeed {
  readonly channel: DatagramChannel
  /** A datagram from the peer. The 65th unread one is dropped. */
  readonly deliver: (bytes: Uint8Array) => void
  /** Counts a datagram that is not the peer's. */
  readonly drop: () => void
  /** The channel is over: with a failure for the reader, or silently. */
  readonly end: (cause?: Failure) => void
}

export function datagramChannel(carrier: Carrier): ChannelFeed {
  const unread: Uint8Array[] = []
  const readers: (() => void)[] = []
  let dropped = 0
  let ended: { readonly cause: Failure | undefined } | undefined

  const wakeReaders = () => {
    for (const wake of readers.splice(0)) wake()
  }

  const deliver = (bytes: Uint8Array) => {
    if (ended || unread.length >= MAX_UNREAD) dropped++
    else unread.push(bytes)
    wakeReaders()
  }

  const end = (cause?: Failure) => {
    ended ??= { cause }
    wakeReaders()
  }

  async function* read(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const next = unread.shift()
      if (next) yield next
      else if (ended?.cause) throw new ChannelError(ended.cause)
      else if (ended) return
      else await new Promise<void>((wake) => readers.push(wake))
    }
  }

  const send = (bytes: Uint8Array): Promise<void> => {
    const sending = new Promise<void>((resolve, reject) => {
      if (ended) reject(new ChannelError(ended.cause ?? failure('LOCAL_CLOSE', 'connected')))
      else carrier.send(bytes, (cause) => (cause ? reject(new ChannelError(cause)) : resolve()))
    })
    sending.catch(() => {})
    return sending
  }

  const close = () => {
    end()
    carrier.close()
  }

  const channel: DatagramChannel = {
    local: carrier.local,
    get remote() {
      return carrier.remote
    },
    socket: carrier.socket,
    get dropped() {
      return dropped
    },
    messages: { [Symbol.asyncIterator]: read },
    send,
    close,
    [Symbol.asyncDispose]: () => Promise.resolve(close()),
  }
  return { channel, deliver, drop: () => void dropped++, end }
}

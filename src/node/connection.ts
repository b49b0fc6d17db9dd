/**
 * What a won candidate becomes in the user's hands. After `connect()` the socket is the user's alone; a connection of
 * `createClient` is also watched by the engine, which closes it when the client is closed.
 */
import type { Socket as UdpSocket } from 'node:dgram'
import type { Socket } from 'node:net'
import type { Candidate } from '../candidate.ts'
import type { LedgerEntry, RemoteRef } from '../ledger.ts'
import { type DatagramChannel } from './datagram-channel.ts'

interface Won extends AsyncDisposable {
  readonly attempt: number
  readonly remote: RemoteRef
  readonly candidate: Candidate
  /** What proved that the peer answers: how much was sent and received. Absent: unconfirmed. */
  readonly confirmation: { readonly sent: number; readonly received: number } | undefined
  /** How it got here: every attempt, skip and failed look-up so far. */
  readonly ledger: readonly LedgerEntry[]
  /** What chance was drawn from; the same seed makes the same choices. */
  readonly seed: number
}

/** Disposing of a connection destroys its socket. */
export interface TcpConnection extends Won {
  readonly transport: 'tcp'
  readonly socket: Socket
}

export interface UdpConnection extends Won {
  readonly transport: 'udp'
  readonly channel: DatagramChannel
  /** The socket under a direct channel; the channel reads from it. */
  readonly socket: UdpSocket | undefined
}

export type Connection = TcpConnection | UdpConnection

/** A connection that the client goes on watching. */
export type ClientConnection = Connection & {
  /**
   * Closes it, writes `reason` into the ledger and goes on with the next candidate: TLS failed, not authorised, no
   * answer to a ping. Does nothing once the connection is lost.
   */
  readonly reject: (reason: string) => void
}

export function connectionOf(won: Omit<Won, keyof AsyncDisposable>, handle: unknown): Connection {
  const { transport } = won.candidate
  if (transport === 'tcp') return { ...won, transport, socket: handle as Socket, [Symbol.asyncDispose]: destroy }
  const channel = handle as DatagramChannel
  return { ...won, transport, channel, socket: channel.socket, [Symbol.asyncDispose]: close }
}

// One function each for all connections, not one for each.
async function destroy(this: { readonly socket: Socket }): Promise<void> {
  this.socket.destroy()
}

async function close(this: { readonly channel: DatagramChannel }): Promise<void> {
  this.channel.close()
}

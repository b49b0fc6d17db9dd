/**
 * Standard input and output joined to a connection, as `nc` does. The end of input half-closes TCP; what the peer still
 * sends is written out. Over UDP, input goes out in datagrams, one at a time.
 */
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { Connection, TcpConnection, UdpConnection } from '../connection.ts'
import type { Io } from './io.ts'

/** Bytes of one datagram: passes everywhere (IPv6's least MTU is 1,280). */
const MAX_DATAGRAM = 1200

export interface Joint {
  /** Lets go of the input, for the next connection. */
  readonly part: () => void
  /** The input has ended. */
  readonly hasEnded: () => boolean
}

type Pipes = Pick<Io, 'stdin' | 'stdout'>
type Over = (broken: boolean) => void

/**
 * `over` is called when the input has ended and the connection, too: before the engine hears of it, which would take it
 * for a loss and reconnect. `broken`: it was refused or reset, so that not all of the input may have arrived.
 */
export function join(connection: Connection, pipes: Pipes, over: Over): Joint {
  return connection.transport === 'tcp' ? joinTcp(connection, pipes, over) : joinUdp(connection, pipes, over)
}

/** Reads what comes and forgets it, so that the end of the connection is seen. */
export function drain(connection: Connection): void {
  if (connection.transport === 'tcp') connection.socket.resume()
  else void receive(connection, async () => {})
}

function joinTcp({ socket }: TcpConnection, { stdin, stdout }: Pipes, over: Over): Joint {
  const resume = () => void stdin.resume()
  const input = listen(stdin, {
    data: (chunk) => {
      if (socket.write(chunk)) return
      stdin.pause()
      socket.once('drain', resume)
    },
    end: () => {
      socket.prependOnceListener('close', over)
      socket.end()
    },
  })
  socket.pipe(stdout, { end: false })
  const part = () => {
    socket.off('drain', resume).unpipe(stdout)
    input.part()
  }
  return { ...input, part }
}

function joinUdp(connection: UdpConnection, { stdin, stdout }: Pipes, over: Over): Joint {
  const { channel, socket } = connection
  let parted = false
  let broken = false
  const breaks = () => void (broken = true)
  const send = async (chunk: Uint8Array) => {
    stdin.pause()
    for (let at = 0; at < chunk.length; at += MAX_DATAGRAM) {
      // A datagram that cannot be sent is lost, as others are on their way.
      await channel.send(chunk.subarray(at, at + MAX_DATAGRAM)).catch(breaks)
    }
    if (!parted) stdin.resume()
  }
  const input = listen(stdin, {
    data: (chunk) => void send(chunk),
    end: () => void socket?.prependOnceListener('error', breaks).prependOnceListener('close', () => over(broken)),
  })
  void receive(connection, async (bytes) => {
    if (!stdout.write(bytes)) await once(stdout, 'drain')
  })
  const part = () => {
    parted = true
    input.part()
  }
  return { ...input, part }
}

async function receive({ channel }: UdpConnection, take: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  try {
    for await (const bytes of channel.messages) await take(bytes)
  } catch {
    // The client tells of the loss, with its reason.
  }
}

function listen(stdin: Readable, { data, end }: { data: (chunk: Buffer) => void; end: () => void }): Joint {
  const hasEnded = () => stdin.readableEnded || stdin.destroyed
  // An input that breaks has ended.
  stdin.on('data', data).on('end', end).on('error', end)
  if (hasEnded()) end()
  else stdin.resume()
  const part = () => {
    stdin.off('data', data).off('end', end).off('error', end)
    stdin.pause()
  }
  return { part, hasEnded }
}

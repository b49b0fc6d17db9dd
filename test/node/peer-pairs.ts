/** Two peers that meet, for each policy and transport, on loopback addresses with free ports. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { PeerConfigInput } from '../../src/config/peer-schema.ts'

export interface Place {
  readonly host: string
  readonly port: number
}

/** Who is found at `here` and knows the other at `there`. */
type Pair = (here: Place, there: Place) => readonly [PeerConfigInput, PeerConfigInput]

const bound = (sockets: 'all' | 'pinned', here: Place, there: Place): PeerConfigInput => {
  return { mode: 'p2p', sockets, listen: here, remotes: [there] }
}
const roles =
  (proto: 'udp' | 'tcp') =>
  (here: Place): ReturnType<Pair> => [
    // Nobody else is let in, while one is there: who has vanished has to be missed.
    { mode: 'p2p', sockets: 'roles', waits: true, listen: { ...here, proto }, keepalive: { ping: 100, restart: 500 } },
    { mode: 'p2p', sockets: 'roles', remotes: [{ ...here, proto }], keepalive: { ping: 100 } },
  ]

export const PAIRS = {
  'roles udp': roles('udp'),
  'roles tcp': roles('tcp'),
  all: (here, there) => [bound('all', here, there), bound('all', there, here)],
  pinned: (here, there) => [bound('pinned', here, there), bound('pinned', there, here)],
} satisfies Readonly<Record<string, Pair>>

/** With a port that nobody has at this moment, for either transport. */
export async function freePlace(host: string): Promise<Place> {
  for (;;) {
    const server = createServer().listen(0, host)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    const isFree = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false)).bind({ port, address: host, exclusive: true }, () => resolve(true))
    })
    server.close()
    if (!isFree) continue
    socket.close()
    return { host, port }
  }
}

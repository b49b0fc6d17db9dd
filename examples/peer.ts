// Two peers that both bind, both try all addresses of the other, and meet on the first path that works both ways.
import { type Peer, createPeer } from 'sockchart/node'

/** Meets whoever is at `host`, says who it is, and tells what it hears; again after each loss, until it is closed. */
export function meet(name: string, local: string, host: string, port = 1194): Peer {
  const peer = createPeer({
    mode: 'p2p',
    sockets: 'all',
    listen: { host: local, port },
    remotes: [{ host, port }],
    keepalive: { ping: 5_000, restart: 20_000 }, // ms
  })
  peer.on('connected', async (connection) => {
    if (connection.transport === 'tcp') return // these two speak UDP
    const { channel } = connection
    console.log(`${name} met ${channel.remote.address} after ${connection.ledger.length} attempt(s)`)
    void channel.send(new TextEncoder().encode(`I am ${name}`))
    try {
      for await (const bytes of channel.messages) console.log(`${name} heard: ${new TextDecoder().decode(bytes)}`)
    } catch {
      // 'lost' says why
    }
  })
  peer.on('lost', ({ message }) => console.log(`${name}: ${message}`))
  peer.on('failed', ({ message }) => console.error(message)) // what could not be bound, line by line
  return peer
}

// Load for bench/server.ts, from a process of its own: sends datagrams to a port of 127.0.0.1 that answers each, and keeps
// a few of them on the way.
import { createSocket } from 'node:dgram'

const [port = 0, count = 0] = process.argv.slice(2).map(Number)
const WINDOW = 64
const PEERS = 16

const bytes = Buffer.alloc(100)
let sent = 0
let answered = 0
for (let peer = 0; peer < PEERS; peer++) {
  const socket = createSocket('udp4')
  const send = () => {
    if (sent++ < count) socket.send(bytes, port, '127.0.0.1')
  }
  socket.on('message', () => {
    if (++answered === count) process.exit()
    send()
  })
  for (let i = 0; i < WINDOW / PEERS; i++) send()
}

// One side of a pair of peers, in a process of its own. Its argument is the configuration, as JSON. It prints its notes
// and what it hears, one JSON line each; a line of standard input is sent to the peer, and the end of input closes it.
// Nothing else holds the process: it ends by itself if the peer leaves nothing open. It runs the built package.
import { createInterface } from 'node:readline'
import { createPeer } from '../../dist/src/node/index.js'

const print = (line) => console.log(JSON.stringify(line))
const peer = createPeer(JSON.parse(process.argv[2]))
const heard = (bytes) => print({ type: 'heard', text: Buffer.from(bytes).toString() })

peer.on('note', print)
peer.on('failed', ({ name, message }) => print({ type: 'failed', name, message }))
peer.on('connected', async ({ candidate, socket, channel }) => {
  print({ type: 'connected', candidate })
  if (!channel) return socket.on('data', heard)
  try {
    for await (const bytes of channel.messages) heard(bytes)
  } catch {
    // The note of the loss says why.
  }
})

createInterface({ input: process.stdin })
  .on('line', (text) => {
    const { channel, socket } = peer.connection ?? {}
    if (channel) channel.send(Buffer.from(text))
    else socket?.write(text)
  })
  .on('close', () => void peer.close())

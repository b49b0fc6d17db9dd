// In a namespace with several addresses: asks a UDP server on each, from one and the same, and prints, as JSON, where the
// answers come from, without `multihome` and with it.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { listen } from '../../dist/src/node/index.js'

const [from, ...asked] = process.argv.slice(2)

async function answers(multihome) {
  const server = await listen({ multihome, listen: [{ port: 1194, family: 'ipv4' }] }, { grace: 0 })
  server.on('message', ({ bytes, reply }) => reply(bytes))
  const sources = []
  for (const address of asked) {
    const client = createSocket('udp4').bind(0, from)
    client.send('question', 1194, address)
    const [, source] = await once(client, 'message')
    sources.push(source.address)
    client.close()
  }
  await server.close()
  return sources
}

console.log(JSON.stringify([await answers(false), await answers(true)]))

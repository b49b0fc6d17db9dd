// In a namespace with several addresses: asks a UDP server on each, from one and the same, and prints, as JSON, where the
// answers come from: without `multihome`, with it, and from an address that is added while it runs.
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { listen } from '../../dist/src/node/index.js'

const [from, added, ...asked] = process.argv.slice(2)

async function serve(multihome) {
  const server = await listen({ multihome, listen: [{ port: 1194, family: 'ipv4' }] }, { grace: 0 })
  return server.on('message', ({ bytes, reply }) => reply(bytes))
}

async function source(address) {
  const client = createSocket('udp4').bind(0, from)
  client.send('question', 1194, address)
  const [, { address: answered }] = await once(client, 'message')
  client.close()
  return answered
}

async function sources() {
  const answered = []
  for (const address of asked) answered.push(await source(address))
  return answered
}

const wildcard = await serve(false)
const without = await sources()
await wildcard.close()

const server = await serve(true)
const within = await sources()
const bound = new Promise((resolve) => server.on('note', ({ type }) => type === 'listener.bound' && resolve()))
execFileSync('ip', ['address', 'add', `${added}/32`, 'dev', 'lo'])
await bound
console.log(JSON.stringify({ without, within, added: await source(added) }))
await server.close()

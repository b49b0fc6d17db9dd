// Runs in a network namespace whose loopback device has several addresses of each family. It serves on UDP, asks each
// address from a client that has one of its own, and prints which one the answer came from, one JSON line for each
// server. It runs the built package.
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { Server } from '../../dist/src/node/server.js'
import { ServerRoot } from '../../dist/src/node/server-root.js'
import { ServerSchema } from '../../dist/src/config/server-schema.js'

const PORT = 5300
const CLIENTS = { 4: '203.0.113.9', 6: '2001:db8:9::9' }
const FIRST = ['198.51.100.1', '198.51.100.2', '2001:db8::1', '2001:db8::2', '127.0.0.1', '::1']
const ADDED = ['198.51.100.3', '2001:db8::3']

await serve('multihome', { multihome: true, listen: [{ port: PORT }] }, async (server) => {
  const first = await askAll(FIRST)
  const none = await askAll(ADDED)
  for (const address of ADDED) ip('add', address)
  // The server looks by itself, every 5 s.
  await bound(server, ADDED.length)
  const added = await askAll(ADDED)
  for (const address of ADDED) ip('delete', address)
  server.networkChanged()
  const { listeners } = server.roster
  const left = listeners.filter(({ endpoint, state }) => ADDED.includes(endpoint.address) && state === 'bound')
  return { first, none, added, left: left.length }
})
const named = FIRST.map((host) => ({ host, port: PORT }))
await serve('named', { listen: named }, async () => ({ first: await askAll(FIRST) }))
await serve('wildcard', { listen: [{ port: PORT }] }, async () => ({ first: await askAll(FIRST) }))

async function serve(name, config, ask) {
  const warnings = []
  const server = await new Promise((resolve, reject) => {
    const root = new ServerRoot(ServerSchema.parse(config), {})
    const server = new Server(root, 0, undefined, (why) => (why ? reject(why) : resolve(server)))
    server.on('note', ({ type, message }) => type === 'server.warned' && warnings.push(message))
  })
  server.on('message', ({ bytes, reply }) => reply(bytes))
  console.log(JSON.stringify({ name, warnings, ...(await ask(server)) }))
  await server.close()
}

/** By the address that was asked: the one that answered. */
async function askAll(addresses) {
  const answers = await Promise.all(addresses.map(ask))
  return Object.fromEntries(addresses.map((address, i) => [address, answers[i]]))
}

async function ask(address) {
  const version = address.includes(':') ? 6 : 4
  const socket = createSocket(`udp${version}`)
  try {
    socket.bind(0, CLIENTS[version])
    await once(socket, 'listening')
    const answered = once(socket, 'message')
    // An address that is not there yet cannot be reached: that is an error.
    await promisify(socket.send.bind(socket))('hello', PORT, address)
    const [, source] = await answered
    return source.address
  } catch {
    return null
  } finally {
    socket.close()
  }
}

function bound(server, more) {
  return new Promise((resolve) => {
    server.on('note', ({ type }) => type === 'listener.bound' && --more === 0 && resolve())
  })
}

function ip(verb, address) {
  execFileSync('ip', ['address', verb, `${address}/${address.includes(':') ? 128 : 32}`, 'dev', 'lo'])
}

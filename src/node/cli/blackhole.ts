/**
 * A port of this machine that swallows connections: nobody refuses, nobody answers. A listener with a backlog of 1 in a
 * thread that sleeps and so never accepts; once two connections have filled its queue, Linux drops every further SYN.
 */
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

// The worker's code is text, so that it runs from TypeScript and from the package alike.
const SLEEPER = `
  const { parentPort, workerData } = require('node:worker_threads')
  const server = require('node:net').createServer()
  const tell = (message) => parentPort.postMessage(message)
  server.on('error', (error) => tell({ error: error.message }))
  server.listen({ ...workerData, backlog: 1, ipv6Only: workerData.host.includes(':') }, () => {
    tell({ port: server.address().port })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })
`
/** Connections that fill a backlog of 1: Linux queues one more than asked for. */
const FILLERS = 2
/** How long a connection may take on loopback, ms; one that takes longer is not made. */
const PROMPT = 150

export interface Blackhole extends AsyncDisposable {
  readonly port: number
}

/** Rejects where the address cannot be bound, or where the system does not let a queue be filled. */
export async function blackhole(host: string): Promise<Blackhole> {
  const worker = new Worker(SLEEPER, { eval: true, workerData: { host, port: 0 } })
  const fillers: Socket[] = []
  const close = async () => {
    for (const socket of fillers) socket.destroy()
    await worker.terminate()
  }
  try {
    const [message] = (await once(worker, 'message')) as [{ port: number; error?: undefined } | { error: string }]
    if (message.error !== undefined) throw new Error(message.error)
    const { port } = message
    for (let i = 0; i < FILLERS; i++) fillers.push(await dial(host, port))
    const probe = await dial(host, port)
    fillers.push(probe)
    if (!probe.connecting) throw new Error('the queue of a listener cannot be filled here')
    probe.destroy()
    return { port, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Connected, or still on its way after a moment. */
async function dial(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port })
  socket.on('error', () => {})
  await Promise.race([once(socket, 'connect'), pause(PROMPT)])
  return socket
}

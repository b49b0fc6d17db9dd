/**
 * Loopback endpoints at which a TCP connect hangs: a listener with a backlog of 1 whose queue two connections fill, in a
 * worker that then blocks and so never accepts. Linux drops every further SYN in silence.
 */
import { once } from 'node:events'
import { type AddressInfo, type Socket, connect } from 'node:net'
import { Worker } from 'node:worker_threads'
import type { Family } from '../../src/endpoint.ts'

const LOOPBACK = { ipv4: '127.0.0.1', ipv6: '::1' } as const

// Plain JavaScript, since a worker is not compiled. It blocks until it is terminated.
const BLOCKING_LISTENERS = `
const { createServer } = require('node:net')
const { parentPort, workerData } = require('node:worker_threads')
const bound = workerData.map((host) => new Promise((resolve) => {
  const server = createServer()
  server.listen({ host, port: 0, backlog: 1 }, () => resolve(server.address()))
}))
Promise.all(bound).then((addresses) => {
  parentPort.postMessage(addresses)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})
`

export interface BlackHole {
  readonly of: (family: Family) => { readonly address: string; readonly port: number }
  readonly close: () => Promise<void>
}

export async function openBlackHole(families: readonly Family[]): Promise<BlackHole> {
  const worker = new Worker(BLOCKING_LISTENERS, { eval: true, workerData: families.map((family) => LOOPBACK[family]) })
  const [bound] = (await once(worker, 'message')) as [readonly AddressInfo[]]
  const fillers: Socket[] = []
  for (const { address: host, port } of bound)
    for (const filler of [connect({ host, port }), connect({ host, port })]) {
      fillers.push(filler)
      await once(filler, 'connect')
      // Its end comes with the worker's.
      filler.on('error', () => {})
    }
  return {
    of: (family) => bound[families.indexOf(family)] as AddressInfo,
    close: async () => {
      for (const filler of fillers) filler.destroy()
      await worker.terminate()
    },
  }
}

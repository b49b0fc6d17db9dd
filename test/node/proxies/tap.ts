/** Stands in front of a proxy: counts who comes, and may let bytes of several moments arrive in one. */
import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import type { Place } from '../peer-pairs.ts'

export interface Tap extends AsyncDisposable {
  readonly place: Place
  /** Streams so far. */
  readonly streams: () => number
  /** When the first of them has ended. */
  readonly firstEnded: Promise<void>
}

/** `until`: what the proxy says is held back until that is among it. */
export async function tap(proxy: Place, until = ''): Promise<Tap> {
  const sockets = new Set<Socket>()
  let streams = 0
  let end = () => {}
  const firstEnded = new Promise<void>((resolve) => (end = resolve))
  const server = createServer((near) => {
    streams++
    const far = connect(proxy)
    near.pipe(far)
    let held = Buffer.alloc(0)
    far.on('data', (bytes) => {
      held = Buffer.concat([held, bytes])
      if (!held.includes(until)) return
      far.removeAllListeners('data').pipe(near)
      near.write(held)
    })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(one)
          other.destroy()
          end()
        })
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    await once(server.close(), 'close')
  }
  return { place: { host: '127.0.0.1', port }, streams: () => streams, firstEnded, [Symbol.asyncDispose]: close }
}

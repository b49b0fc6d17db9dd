/** Stands in front of a proxy, and counts who comes. */
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

export async function tap(proxy: Place): Promise<Tap> {
  const sockets = new Set<Socket>()
  let streams = 0
  let end = () => {}
  const firstEnded = new Promise<void>((resolve) => (end = resolve))
  const server = createServer((near) => {
    streams++
    const far = connect(proxy)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {}).pipe(other)
      one.on('close', () => {
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

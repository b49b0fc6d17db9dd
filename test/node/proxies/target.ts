/** What the proxies carry us to: at `127.0.0.1` and `::1`, on one port, an echo for streams and one for datagrams. */
import { type Socket as UdpSocket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type Server, type Socket, createServer } from 'node:net'
import { freePlace } from '../peer-pairs.ts'

export interface Target extends AsyncDisposable {
  readonly port: number
  /** Datagrams that came, on both. */
  readonly datagrams: Buffer[]
}

/** Said to every stream before anything else: it may come glued to the proxy's reply. */
export const GREETING = 'welcome\r\n\r\nHTTP/1.1 200 you are not carried any further\r\n\r\n'
const HOSTS = ['127.0.0.1', '::1']

export async function startTarget(): Promise<Target> {
  const { port } = await freePlace('::1')
  const streams = new Set<Socket>()
  const datagrams: Buffer[] = []
  const servers: Server[] = []
  const sockets: UdpSocket[] = []
  for (const host of HOSTS) {
    const server = createServer({ allowHalfOpen: true }, (stream) => {
      streams.add(stream.on('error', () => {}).on('close', () => streams.delete(stream)))
      stream.write(GREETING)
      stream.pipe(stream)
    })
    servers.push(server)
    await once(server.listen(port, host), 'listening')
    const socket = createSocket(host === '::1' ? 'udp6' : 'udp4')
    sockets.push(socket)
    socket.on('message', (bytes, from) => {
      datagrams.push(bytes)
      // Twice, so that what comes back is not only what was asked for.
      for (let n = 0; n < 2; n++) socket.send(bytes, from.port, from.address)
    })
    await once(socket.bind(port, host), 'listening')
  }
  const close = async () => {
    for (const stream of streams) stream.destroy()
    for (const socket of sockets) socket.close()
    await Promise.all(servers.map((server) => once(server.close(), 'close')))
  }
  return { port, datagrams, [Symbol.asyncDispose]: close }
}

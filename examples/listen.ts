// A server on every address of a name, TCP and UDP at once: everybody gets back what he sends.
import { formatEndpoint } from 'sockchart'
import { type Server, listen } from 'sockchart/node'

export async function echoOn(host: string, port: number): Promise<Server> {
  const blocks = [
    { host, port, proto: 'tcp' as const },
    { host, port, proto: 'udp' as const },
  ]
  const server = await listen({ listen: blocks, maxClients: 100, handWindow: 10_000 })
  server.on('connection', ({ socket }) => void socket.pipe(socket))
  server.on('message', ({ bytes, reply }) => void reply(bytes)) // leaves from the socket that was asked
  server.on('refused', ({ failure }) => console.error(failure.message))
  for (const { transport, local } of server.roster.listeners)
    if (local) console.log(`listening on ${transport} ${formatEndpoint(local)}`)
  return server // await server.close({ grace: 5_000 }) lets nobody in, and waits 5 s for who is there
}

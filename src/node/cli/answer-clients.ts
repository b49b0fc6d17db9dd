/** What `run` does with the clients of a server: it sends back what they send, or reads and forgets it. */
import type { Server } from '../server.ts'

export function answerClients(server: Server, echo: boolean): void {
  server.on('connection', ({ socket }) => {
    // That it is gone is noted by the engine.
    socket.on('error', () => {})
    if (echo) socket.pipe(socket)
    else socket.on('end', () => socket.end()).resume()
  })
  server.on('message', ({ bytes, reply }) => void (echo && reply(bytes)))
}

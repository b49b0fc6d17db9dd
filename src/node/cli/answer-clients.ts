/** What `run` does with the clients of a server: it sends back what they send, or reads and forgets it. */
import type { Server } from '../server.ts'

/** An end is answered by an end, which is Node's own doing; that a client has gone is noted by the engine. */
export function answerClients(server: Server, echo: boolean): void {
  server.on('connection', ({ socket }) => void (echo ? socket.pipe(socket) : socket.resume()))
  server.on('message', ({ bytes, reply }) => void (echo && reply(bytes)))
}

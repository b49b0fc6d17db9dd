/** A server, once it listens; or an error with everything that could not be bound. */
import type { ServerConfigInput } from '../config/server-schema.ts'
import { graceOf, serverConfig } from './checked.ts'
import { type ListenOptions, Server } from './server.ts'
import { ServerRoot } from './server-root.ts'

/**
 * Binds every address of every block of `config`, and resolves when all have been tried: with `bindPolicy: 'all'` when
 * all that were named are bound, with `'any'` when at least one is.
 *
 * Rejects with a `ListenError` (not bound), a `ConfigError`, or the reason of `options.signal`; nothing is open then.
 */
export async function listen(config: ServerConfigInput, options: ListenOptions = {}): Promise<Server> {
  const { signal } = options
  const root = new ServerRoot(serverConfig(config), options)
  const grace = graceOf(options.grace)
  signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const server = new Server(root, grace, signal, (why) => (why === undefined ? resolve(server) : reject(why)))
  })
}

/** One connection, or an error with everything that was tried. */
import { failure } from '../failure.ts'
import type { ClientConfigInput, RemoteInput } from '../config/schema.ts'
import { clientConfig } from './checked.ts'
import { ConnectError } from './connect-error.ts'
import type { Connection, TcpConnection, UdpConnection } from './connection.ts'
import { ClientRoot, type ConnectOptions } from './client-root.ts'

type ConfigOver<Remote> = Omit<ClientConfigInput, 'remotes'> & { readonly remotes: readonly (RemoteInput & Remote)[] }

/**
 * Walks the candidates of `config` and resolves with the first connection; its socket is the caller's alone from then
 * on. One round, unless `connectRetryMax` is given.
 *
 * Rejects with a `ConnectError` (nothing could be connected), a `ConfigError`, or the reason of `options.signal`.
 */
export function connect(config: ConfigOver<{ readonly proto: 'tcp' }>, options?: ConnectOptions): Promise<TcpConnection>
export function connect(
  config: ConfigOver<{ readonly proto?: 'udp' }>,
  options?: ConnectOptions,
): Promise<UdpConnection>
export function connect(config: ClientConfigInput, options?: ConnectOptions): Promise<Connection>
export async function connect(config: ClientConfigInput, options: ConnectOptions = {}): Promise<Connection> {
  const { signal } = options
  const { connectRetryMax = 1, ...rest } = { ...config }
  const once = { ...rest, connectRetryMax }
  const root = new ClientRoot(clientConfig(once, options.plugins), true, options)
  signal?.throwIfAborted()
  const onAbort = () => root.send({ type: 'stop' })
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await new Promise((resolve, reject) => {
      root.start({
        note: () => {},
        ended: ({ outcome, attempt, failure: why }) => {
          if (attempt !== null) resolve(released(root, attempt))
          else if (outcome === 'stopped') reject(signal?.reason as Error)
          else reject(new ConnectError(why ?? failure('STOPPED', 'plan'), root.ledger))
        },
      })
    })
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

/** Taken in the very instant in which it was released: nobody else listens to the socket. */
async function released(root: ClientRoot, attempt: number): Promise<Connection> {
  return root.take(attempt, true)
}

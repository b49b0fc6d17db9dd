// One connection: walks every address of every remote, and explains itself when none works.
import { ConnectError, connect } from 'sockchart/node'

/** Says hello to whoever answers first, and returns what it says. */
export async function greet(host: string, ports: readonly number[]): Promise<string> {
  const remotes = ports.map((port) => ({ host, port, proto: 'tcp' as const, connectTimeout: 3_000 }))
  try {
    const { socket, ledger } = await connect({ remotes }, { signal: AbortSignal.timeout(20_000) })
    console.log(`connected after ${ledger.length} attempt(s)`)
    socket.end('hello\n')
    return Buffer.concat(await socket.toArray()).toString()
  } catch (error) {
    if (error instanceof ConnectError) console.error(error.message) // each attempt on a line
    throw error
  }
}

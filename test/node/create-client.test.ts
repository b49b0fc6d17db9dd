import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { nodeClock } from '../../src/node/clock.ts'
import type { ConnectError } from '../../src/node/connect-error.ts'
import type { ClientConnection } from '../../src/node/connection.ts'
import { type Client, createClient } from '../../src/node/create-client.ts'
import type { Failure } from '../../src/failure.ts'
import { traceLine } from '../../src/trace.ts'

const servers: { server: Server; sockets: Socket[] }[] = []
afterEach(() => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
})

async function listen() {
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket.on('error', () => {})))
  servers.push({ server, sockets })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { server, sockets, remote: { host: '127.0.0.1', port, proto: 'tcp' as const } }
}

const connected = async (client: Client) => ((await once(client, 'connected')) as [ClientConnection])[0]
const lost = async (client: Client) => ((await once(client, 'lost')) as [Failure, ClientConnection])[0]
/** A hundred times as fast: pauses of seconds take no time, 10 s of life are 100 ms. */
const fast = { ...nodeClock, setTimeout: (run: () => void, ms: number) => nodeClock.setTimeout(run, ms / 100) }

describe('createClient()', () => {
  it('R3 comes back after a loss, and says so', async () => {
    const [a, b] = [await listen(), await listen()]
    await using client = createClient({ remotes: [a.remote, b.remote] }, { clock: fast })
    const first = await connected(client)
    expect(client.connection).toBe(first)
    expect(first.remote.index).toBe(0)
    const losing = lost(client)
    const coming = connected(client)
    if (first.transport === 'tcp') first.socket.resume()
    if (a.sockets.length === 0) await once(a.server, 'connection')
    a.sockets[0]?.resetAndDestroy()
    expect((await losing).code).toBe('ECONNRESET')
    expect((await coming).remote.index).toBe(1)
    expect(client.ledger.map(({ outcome }) => outcome)).toEqual(['failed', 'won'])
  })

  it('R3 goes on with the next candidate when the program rejects one; a second reject is stale', async () => {
    const [a, b] = [await listen(), await listen()]
    await using client = createClient({ remotes: [a.remote, b.remote] })
    const first = await connected(client)
    const coming = connected(client)
    first.reject('not authorised')
    first.reject('not authorised')
    const second = await coming
    first.reject('too late')
    expect(second.remote.index).toBe(1)
    expect(client.connection).toBe(second)
    expect(client.ledger[0]?.failure).toEqual({ code: 'REJECTED', stage: 'connected', message: 'not authorised' })
  })

  it('reconnects when the program closes the socket itself', async () => {
    const { remote } = await listen()
    await using client = createClient({ remotes: [remote] }, { clock: fast })
    const first = await connected(client)
    const losing = lost(client)
    const coming = connected(client)
    ;(first.socket as Socket).destroy()
    expect((await losing).code).toBe('LOCAL_CLOSE')
    expect((await coming).attempt).toBe(2)
  })

  it('closes what is open, once, and says nothing afterwards', async () => {
    const { remote } = await listen()
    const client = createClient({ remotes: [remote] })
    const { socket } = await connected(client)
    const notes: string[] = []
    client.on('note', (note) => notes.push(traceLine(note).slice(8)))
    const closing = client.close()
    expect(client.close()).toBe(closing)
    await closing
    expect((socket as Socket).destroyed).toBe(true)
    expect(notes).toEqual(['client stopped'])
    expect(client.connection).toBe(undefined)
  })

  it('can be closed before it has begun, and by its signal', async () => {
    const { remote, server } = await listen()
    const accepted = vi.fn()
    server.on('connection', accepted)
    const client = createClient({ remotes: [remote] })
    await client.close()
    const aborted = createClient({ remotes: [remote] }, { signal: AbortSignal.abort() })
    await aborted.closed
    expect(aborted.ledger).toEqual([])
    expect(accepted).not.toHaveBeenCalled()
    const abort = new AbortController()
    const third = createClient({ remotes: [remote] }, { signal: abort.signal })
    await connected(third)
    abort.abort()
    await third.closed
  })

  it('gives up after connectRetryMax rounds with everything that happened', async () => {
    const { remote, server } = await listen()
    server.close()
    await once(server, 'close')
    const client = createClient({ remotes: [remote], connectRetryMax: 2 }, { clock: fast })
    const [error] = (await once(client, 'failed')) as [ConnectError]
    expect(error.code).toBe('EXHAUSTED')
    expect(error.message).toContain('ECONNREFUSED')
    await client.closed
  })

  it('a listener that throws is the program’s error, and harms nothing of ours', async () => {
    const { remote } = await listen()
    const thrown = once(process, 'uncaughtException')
    const [vitestListener] = process.rawListeners('uncaughtException')
    if (vitestListener) process.off('uncaughtException', vitestListener as () => void)
    const client = createClient({ remotes: [remote] })
    client.on('connected', () => {
      throw new Error('mine')
    })
    const [error] = (await thrown) as [Error]
    if (vitestListener) process.on('uncaughtException', vitestListener as () => void)
    expect(error.message).toBe('mine')
    expect(client.connection?.transport).toBe('tcp')
    await client.close()
  })

  it('draws a seed, or takes a good one', async () => {
    const { remote } = await listen()
    for (const seed of [Number.NaN, -1, 1.5, 2 ** 32])
      expect(() => createClient({ remotes: [remote] }, { seed })).toThrow('seed: a seed is a whole number')
    const client = createClient({ remotes: [remote] }, { seed: 2 ** 32 - 1 })
    expect(client.seed).toBe(4_294_967_295)
    await client.close()
  })

  it('tells any XState inspector what goes on, and no socket', async () => {
    const { remote } = await listen()
    const seen: unknown[] = []
    const client = createClient({ remotes: [remote] }, { inspect: (event) => seen.push(event) })
    await connected(client)
    await client.close()
    const types = new Set(seen.map((event) => (event as { type: string }).type))
    expect(types).toContain('@xstate.snapshot')
    expect(JSON.stringify(client.ledger)).not.toContain('_handle')
  })
})

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, type Server, createServer } from 'node:net'
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import { ConfigError, ConnectError } from '../../src/node/connect-error.ts'
import { connect } from '../../src/node/connect.ts'
import type { Connection, TcpConnection, UdpConnection } from '../../src/node/connection.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function echoServer(host = '127.0.0.1'): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket))
  servers.push(server.listen(0, host))
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A port of loopback where nobody listens. */
async function deadPort(): Promise<number> {
  const port = await echoServer()
  const server = servers.pop()
  server?.close()
  if (server) await once(server, 'close')
  return port
}

const tcp = (port: number, host = '127.0.0.1') => ({ host, port, proto: 'tcp' as const })

describe('connect()', () => {
  it('knows a typo from a directive, and the transport from the remotes', () => {
    const port = 443
    // @ts-expect-error -- there is no such directive
    const typo = () => connect({ remotes: [{ host: 'a.test', port, conectTimeout: 3 }] })
    const either = () => connect({ remotes: [{ host: 'a.test' }, { host: 'b.test', proto: 'tcp' }] })
    const readonly = () => connect({ remotes: [{ host: 'a.test' }] as const })
    expectTypeOf(either).returns.resolves.toEqualTypeOf<Connection>()
    expectTypeOf(readonly).returns.resolves.toEqualTypeOf<UdpConnection>()
    expect(typo).toBeTypeOf('function')
  })

  it('R3 hands over the first candidate that answers, with the way there', async () => {
    const [dead, live] = [await deadPort(), await echoServer()]
    const connection = await connect({ remotes: [tcp(dead), tcp(live)] }, { seed: 7 })
    expectTypeOf(connection).toEqualTypeOf<TcpConnection>()
    expect(connection.ledger.map(({ attempt, outcome, failure }) => [attempt, outcome, failure?.code])).toEqual([
      [1, 'failed', 'ECONNREFUSED'],
      [2, 'won', undefined],
    ])
    expect(connection).toMatchObject({ attempt: 2, seed: 7, remote: { index: 1 }, candidate: { address: '127.0.0.1' } })
    connection.socket.end('to the end')
    expect(Buffer.concat(await connection.socket.toArray()).toString()).toBe('to the end')
  })

  it('R3 the socket is the caller’s alone: no listener of the engine is left, no byte was taken', async () => {
    const { socket } = await connect({ remotes: [tcp(await echoServer())] })
    expect(socket.listenerCount('error')).toBe(0)
    expect(socket.listenerCount('close')).toBe(0)
    expect(socket.readableFlowing).toBe(null)
    socket.destroy()
    await once(socket, 'close')
  })

  it('is disposed of with its scope', async () => {
    const remotes = [tcp(await echoServer())]
    let socket
    {
      await using connection = await connect({ remotes })
      socket = connection.socket
    }
    expect(socket.destroyed).toBe(true)
  })

  it('rejects with every attempt on a line of its own, and the same as data', async () => {
    const [a, b] = [await deadPort(), await deadPort()]
    const error = await connect({ remotes: [tcp(a), tcp(b)] }).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ConnectError)
    const { message, code, ledger } = error as ConnectError
    expect(code).toBe('EXHAUSTED')
    expect(ledger).toHaveLength(2)
    expect(message.split('\n')).toHaveLength(3)
    expect(message).toContain(`tcp 127.0.0.1:${a}`)
    expect(message).toContain(`tcp 127.0.0.1:${b}`)
    expect(message).toContain('ECONNREFUSED')
  })

  it('makes as many rounds as connectRetryMax says', async () => {
    const port = await deadPort()
    const clock = { ...(await import('../../src/node/clock.ts')).nodeClock }
    const fast = { ...clock, setTimeout: (run: () => void, ms: number) => clock.setTimeout(run, ms / 100) }
    const error = await connect({ remotes: [tcp(port)], connectRetryMax: 3 }, { clock: fast }).catch((e: unknown) => e)
    expect((error as ConnectError).message).toMatch(/^nothing could be connected in 3 rounds/)
    expect((error as ConnectError).ledger.map(({ attempt }) => attempt)).toEqual([3])
  })

  it('says what is wrong with a configuration, and where', async () => {
    const error = await connect({ remotes: [{ host: '127.1', port: 70_000, proto: 'tcp' }] }).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).issues.map(({ path }) => path)).toEqual(['remotes[0].host', 'remotes[0].port'])
    expect((error as ConfigError).message).toContain('remotes[0].port')
  })

  it('rejects with the reason of its signal, before and in the midst', async () => {
    const reason = new Error('enough')
    const gone = connect({ remotes: [tcp(await echoServer())] }, { signal: AbortSignal.abort(reason) })
    await expect(gone).rejects.toBe(reason)

    const silent = createSocket('udp4').bind(0, '127.0.0.1')
    await once(silent, 'listening')
    const abort = new AbortController()
    const remotes = [
      { host: '127.0.0.1', port: silent.address().port, confirm: { kind: 'reply', text: 'hi' } as const },
    ]
    const waiting = connect({ remotes }, { signal: abort.signal })
    await once(silent, 'message')
    abort.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    silent.close()
  })

  it('an inspector that throws is the program’s error, and harms nothing of ours', async () => {
    const port = await echoServer()
    const uncaught: unknown[] = []
    const hear = (error: unknown) => void uncaught.push(error)
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException').on('uncaughtException', hear)
    const mine = new Error('mine')
    let events = 0
    const failing = () => {
      events++
      throw mine
    }
    for (const inspect of [failing, { next: failing }]) {
      const { socket } = await connect({ remotes: [tcp(port)] }, { inspect })
      socket.destroy()
    }
    await new Promise((resolve) => setImmediate(resolve))
    process.off('uncaughtException', hear)
    for (const other of others) process.on('uncaughtException', other)
    expect(events).toBeGreaterThan(10)
    expect(uncaught).toEqual(Array.from({ length: events }, () => mine))
  })

  it('R4 a datagram that answers confirms, and is the first message', async () => {
    const server = createSocket('udp4').bind(0, '127.0.0.1')
    await once(server, 'listening')
    server.on('message', (bytes, { port, address }) => server.send(`${bytes.toString()} back`, port, address))
    const { port } = server.address()
    const confirm = { kind: 'reply', text: 'hi' } as const
    const connection = await connect({ remotes: [{ host: '127.0.0.1', port, proto: 'udp', confirm }] })
    expectTypeOf(connection).toEqualTypeOf<UdpConnection>()
    expect(connection.confirmation).toEqual({ sent: 1, received: 1 })
    await connection.channel.send(Buffer.from('there'))
    const heard: string[] = []
    for await (const bytes of connection.channel.messages) {
      heard.push(Buffer.from(bytes).toString())
      if (heard.length === 2) break
    }
    expect(heard).toEqual(['hi back', 'there back'])
    connection.channel.close()
    server.close()
  })
})

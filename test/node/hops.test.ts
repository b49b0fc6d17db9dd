/** Ways over hops where only the kernel shows whether they are right; what hops say is scripted. */
import { once } from 'node:events'
import { type AddressInfo, type Socket, createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { Vault } from '../../src/config/vault.ts'
import { connect } from '../../src/node/connect.ts'
import { hopsOver } from '../../src/node/hops.ts'
import { nodeWire } from '../../src/node/wire.ts'
import type { HopRequest } from '../../src/plugins/negotiator.ts'
import type { HopMaker } from '../../src/plugins/plugin.ts'
import type { Stop } from '../../src/tunnel.ts'

const LOOPBACK = '127.0.0.1'

describe('S9 a hop and the vault', () => {
  const requests: HopRequest[] = []
  const maker: HopMaker = {
    judge: () => [],
    negotiator: (request) => {
      requests.push(request)
      return { begin: () => ({ state: 'waiting' }), receive: () => ({ state: 'waiting' }) }
    },
  }
  const stop = (kind: string, settings: Stop['hop']['settings']): Stop => ({
    hop: { kind, host: 'near.test', port: 8080, settings },
    target: { host: 'vpn.test', port: 443 },
    transport: 'tcp',
    mayQuote: true,
  })

  test('it opens what stands in its own settings, and nothing else that is there', () => {
    const vault = new Vault()
    const [one, other, foreign] = ['one', 'other', 'foreign'].map((secret) => vault.add(Buffer.from(secret)))
    const { negotiatorFor } = hopsOver(new Map([['ferry', maker]]), vault)
    negotiatorFor(stop('ferry', { login: one!, headers: [other!] }))
    const { open } = requests.at(-1)!
    expect([open(one!), open(other!)].map(String)).toEqual(['one', 'other'])
    expect([open(foreign!), open('key:9'), open('')]).toEqual([undefined, undefined, undefined])
  })

  test('R9 a kind that nobody makes is told', () => {
    const { negotiatorFor } = hopsOver(new Map(), new Vault())
    expect(negotiatorFor(stop('ferry', {}))).toMatchObject({ code: 'BAD_HOP' })
  })
})

async function proxy(answer: (request: string, socket: Socket) => void) {
  const clients = new Set<Socket>()
  const server = createServer((socket) => {
    clients.add(socket)
    socket.on('error', () => {}).on('data', (bytes: Buffer) => answer(bytes.toString('latin1'), socket))
  })
  server.listen(0, LOOPBACK)
  await once(server, 'listening')
  const close = async () => {
    for (const socket of clients) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  return { port: (server.address() as AddressInfo).port, clients, close }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, LOOPBACK)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('R7 another connection to a hop has the local port that was asked for, whoever closed the one before', async () => {
  const ports: (number | undefined)[] = []
  const asked = await proxy((request, socket) => {
    ports.push(socket.remotePort)
    // It says that it closes, and leaves it to us.
    const isAnswer = request.includes('Proxy-Authorization')
    const no =
      'HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\nConnection: close\r\n\r\n'
    socket.write(isAnswer ? 'HTTP/1.1 200 OK\r\n\r\n' : no)
  })
  const vault = new Vault()
  const login = vault.add(Buffer.from('me\nsecret'))
  const port = await freePort()
  const hops = [{ kind: 'http-proxy', host: LOOPBACK, port: asked.port, settings: { login, auth: 'digest' } }]
  const remote = { host: 'vpn.test', port: 443, proto: 'tcp', local: { host: LOOPBACK, port }, hops } as const
  const connection = await connect({ remotes: [remote] }, { vault })
  expect(ports).toEqual([port, port])
  connection.socket.destroy()
  await asked.close()
})

test('C1 a UDP socket that is closed in any tick of its opening says nothing more, and throws nothing', async () => {
  for (let ticks = 0; ticks < 40; ticks++) {
    const said: string[] = []
    let closed = false
    const remote = { family: 'ipv4', address: LOOPBACK, port: 9 } as const
    const socket = nodeWire().open(
      { attempt: 1, transport: 'udp', family: 'ipv4', remote, reads: true },
      ({ type }) => {
        if (closed) said.push(type)
      },
    )
    // Node's own steps are ticks, too: one that waited for a promise would come behind them.
    const closeIn = (left: number) => {
      if (left > 0) return process.nextTick(() => closeIn(left - 1))
      closed = true
      socket.close()
    }
    closeIn(ticks)
    for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve))
    expect({ ticks, said }).toEqual({ ticks, said: [] })
  }
})

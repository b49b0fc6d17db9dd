import { createInspector } from '@statelyai/inspect'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { greet } from '../examples/connect.ts'
import { clientOf } from '../examples/file.ts'
import lineProxy from '../examples/line-proxy.mjs'
import { echoOn } from '../examples/listen.ts'
import { meet } from '../examples/peer.ts'
import { connectOver } from '../examples/proxy.ts'
import { connect as dial } from '../src/node/connect.ts'
import { createClient } from '../src/node/create-client.ts'
import { sockchart } from '../src/node/cli/sockchart.ts'
import { fakeIo } from './node/cli/fake-io.ts'
import { freePlace } from './node/peer-pairs.ts'

async function echo() {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}

describe('examples/connect.ts', () => {
  it('says hello, past a port where nobody listens', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    const [gone, live] = [await echo(), await echo()]
    gone.close()
    expect(await greet('127.0.0.1', [gone.port, live.port])).toBe('hello\n')
    expect(log).toHaveBeenCalledWith('connected after 2 attempt(s)')
    live.close()
  })

  it('explains itself when nobody answers', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    const gone = await echo()
    gone.close()
    await expect(greet('127.0.0.1', [gone.port])).rejects.toThrow('connection refused')
    expect(error.mock.lastCall?.[0]).toContain(`tcp 127.0.0.1:${gone.port}`)
  })
})

describe('examples/file.ts', () => {
  it('comes back, says what is wrong, and finds the keys', async () => {
    const [log, error] = [vi.spyOn(console, 'log'), vi.spyOn(console, 'error')]
    log.mockImplementation(() => {})
    error.mockImplementation(() => {})
    const server = await echo()
    const file = join(mkdtempSync(join(tmpdir(), 'sockchart-')), 'client.ovpn')
    writeFileSync(file, `client\nproto tcp4\nremote 127.0.0.1 ${server.port}\n`)
    const client = clientOf(file)
    await once(client, 'connected')
    expect(log).toHaveBeenLastCalledWith('connected to 127.0.0.1 over tcp')
    expect(error.mock.lastCall?.[0]).toContain('client.ovpn:2:')
    await client.close()
    writeFileSync(file, 'client\nremte 127.0.0.1\n')
    expect(() => clientOf(file)).toThrow("is no client's configuration")
    expect(error.mock.lastCall?.[0]).toContain('remote')
    server.close()
  })
})

describe('examples/listen.ts', () => {
  it('gives everybody back what he sends, on every address', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    await using server = await echoOn('127.0.0.1', 0)
    const [tcp, udp] = server.roster.listeners.map(({ local }) => local)
    expect(log).toHaveBeenCalledWith(`listening on tcp 127.0.0.1:${tcp?.port}`)
    expect(log).toHaveBeenCalledWith(`listening on udp 127.0.0.1:${udp?.port}`)
    expect(await greet('127.0.0.1', [tcp?.port ?? 0])).toBe('hello\n')
    const peer = createSocket('udp4')
    peer.send('hello', udp?.port ?? 0, '127.0.0.1')
    const [bytes, from] = (await once(peer, 'message')) as [Buffer, AddressInfo]
    expect([String(bytes), from.port]).toEqual(['hello', udp?.port])
    peer.close()
  })

  it('says who is refused', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    vi.spyOn(console, 'log').mockImplementation(() => {})
    await using server = await echoOn('127.0.0.1', 0)
    const [tcp] = server.roster.listeners
    const sockets = Array.from({ length: 101 }, () => connect(tcp?.local?.port ?? 0, '127.0.0.1').on('error', () => {}))
    await once(server, 'refused')
    expect(error.mock.lastCall?.[0]).toContain('max-clients')
    for (const socket of sockets) socket.destroy()
  })
})

describe('examples/peer.ts', () => {
  it('two of them meet, and tell each other who they are', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    const { port } = await freePlace('127.0.0.1')
    const peers = [meet('Ann', '127.0.0.1', '127.0.0.2', port), meet('Bob', '127.0.0.2', '127.0.0.1', port)]
    const told = () => log.mock.calls.map(([line]) => String(line))
    await vi.waitFor(() => {
      expect(told()).toEqual(expect.arrayContaining(['Ann heard: I am Bob', 'Bob heard: I am Ann']))
    })
    expect(told()).toContain('Ann met 127.0.0.2 after 1 attempt(s)')
    await Promise.all(peers.map((peer) => peer.close()))
  })
})

describe('examples/proxy.ts', () => {
  it('gets through with its login, which is not shown', async () => {
    const asked: string[] = []
    const challenge = 'HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\n'
    const server = createServer((socket) => {
      socket
        .on('error', () => {})
        .on('data', (bytes) => {
          asked.push(String(bytes))
          if (asked.length === 1) socket.write(`${challenge}Content-Length: 0\r\n\r\n`)
          else socket.end('HTTP/1.1 200 Fine\r\n\r\nhello')
        })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const target = { host: 'vpn.example', port: 443 }
    const { socket, ledger } = await connectOver({ host: '127.0.0.1', port }, 'ann', 'hunter2', target)
    expect(Buffer.concat(await socket.toArray()).toString()).toBe('hello')
    expect(asked.join('')).toMatch(/^CONNECT vpn\.example:443 [^]+Digest username="ann"/)
    expect(asked.join('') + JSON.stringify(ledger)).not.toContain('hunter2')
    expect(ledger).toMatchObject([{ outcome: 'won', hops: [{ kind: 'http-proxy' }, { kind: 'target' }] }])
    server.close()
  })
})

/** Says `reply` to a line, and then gives back what it hears. */
async function lineProxyThatSays(reply: string) {
  const asked: string[] = []
  const server = createServer((socket) => {
    socket
      .on('error', () => {})
      .once('data', (line) => {
        asked.push(String(line))
        socket.write(reply)
        socket.pipe(socket)
      })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { asked, port: (server.address() as AddressInfo).port, close: () => server.close() }
}

describe('examples/line-proxy.mjs', () => {
  const plugins = [lineProxy.create({ name: 'line-proxy', words: [], directives: [] })]
  const over = (port: number, host = 'vpn.example') => ({
    remotes: [
      {
        host,
        port: 443,
        proto: 'tcp' as const,
        hops: [{ kind: 'line-proxy', host: '127.0.0.1', port }],
      },
    ],
  })

  it('carries a connection to the target, whose first words come with its own', async () => {
    const proxy = await lineProxyThatSays('OK\n220 hello\r\n')
    const { socket } = await dial(over(proxy.port), { plugins })
    socket.end('bye')
    expect(Buffer.concat(await socket.toArray()).toString()).toBe('220 hello\r\nbye')
    expect(proxy.asked).toEqual(['GO vpn.example:443\n'])
    proxy.close()
  })

  it('writes an IPv6 target in brackets', async () => {
    const proxy = await lineProxyThatSays('OK\n')
    const { socket } = await dial(over(proxy.port, '2001:db8::1'), { plugins })
    socket.destroy()
    expect(proxy.asked).toEqual(['GO [2001:db8::1]:443\n'])
    proxy.close()
  })

  it.each([
    ['NO\x1b\n', 'the proxy said "NO?"'],
    ['x'.repeat(100), `the proxy said "${'x'.repeat(64)}"`],
  ])('says why it does not: %j', async (reply, why) => {
    const proxy = await lineProxyThatSays(reply)
    await expect(dial(over(proxy.port), { plugins })).rejects.toThrow(why)
    proxy.close()
  })

  const module = join(import.meta.dirname, '../examples/line-proxy.mjs')
  const runs = async (line: string) => {
    const io = fakeIo()
    const words = `run --once --no-stdio --socket-plugin ${module} --client ${line} --remote vpn.example 443`
    return { code: await sockchart(words.split(' '), io), said: io.stderr.text }
  }

  it('is loaded by its path, with directives of its own', async () => {
    const [near, far] = [await lineProxyThatSays('OK\nOK\n'), 'far.example 7']
    const { code } = await runs(`--proto tcp --line-proxy 127.0.0.1 ${near.port} --line-proxy ${far}`)
    expect([code, near.asked]).toEqual([0, ['GO far.example:7\n']])
    near.close()
  })

  it.each([
    ['--proto tcp --line-proxy 127.0.0.1 99999', 'expected a port, not "99999"'],
    ['--proto udp --line-proxy 127.0.0.1 7', 'a line-proxy carries no datagrams'],
  ])('says what is wrong: %s', async (line, why) => {
    const { code, said } = await runs(line)
    expect(code).toBe(1)
    expect(said).toContain(why)
  })
})

describe('examples/machines.ts', () => {
  it('connects on the virtual network', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    await import('../examples/machines.ts')
    const lines = log.mock.calls.map(([line]) => String(line).trim())
    expect(lines).toContain('20 attempt 1 won unconfirmed')
    expect(log.mock.lastCall?.[0]).toMatchObject({ attempts: 1, won: 1, queries: 1 })
  })
})

describe('examples/inspect.ts', () => {
  it('Stately’s inspector understands what `inspect` is given, as JSON', async () => {
    const heard: { type: string; name?: string }[] = []
    const inspector = createInspector({ start: () => {}, stop: () => {}, send: (event) => void heard.push(event) })
    const server = await echo()
    const remotes = [{ host: '127.0.0.1', port: server.port, proto: 'tcp' as const }]
    const client = createClient({ remotes }, { inspect: inspector.inspect })
    await once(client, 'connected')
    await client.close()
    // It converts in a later turn.
    await vi.waitFor(() => expect(heard.map(({ type }) => type)).toContain('@xstate.snapshot'))
    const machines = heard.filter(({ type }) => type === '@xstate.actor').map((actor) => JSON.stringify(actor))
    expect(machines.some((text) => text.includes('backingOff'))).toBe(true)
    expect(machines.some((text) => text.includes('holding'))).toBe(true)
    server.close()
  })
})

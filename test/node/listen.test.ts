import { getEventListeners, once } from 'node:events'
import { connect as connectSocket, createServer, type Server as NetServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { serverLogic } from '../../machines/server.ts'
import type { ServerConfigInput } from '../../src/config/server-schema.ts'
import { ioActor } from '../../src/contain.ts'
import { nodeActors } from '../../src/node/actors.ts'
import { serverConfig } from '../../src/node/checked.ts'
import { connect } from '../../src/node/connect.ts'
import { nodeClock } from '../../src/node/clock.ts'
import { ConfigError } from '../../src/node/connect-error.ts'
import { ListenError } from '../../src/node/listen-error.ts'
import { listen } from '../../src/node/listen.ts'
import type { Server, ServerConnection, ServerMessage } from '../../src/node/server.ts'
import {
  bound,
  closed,
  freePort,
  locals,
  names,
  nextConnection,
  nextMessage,
  serve,
  spy,
  tcpTo,
  udpFrom,
} from './served.ts'

const turns = async (n = 3) => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve))
}
const until = async (holds: () => boolean) => {
  while (!holds()) await turns(1)
}
/** A hundred times as fast: the second before a listener is bound again takes 10 ms. */
const fast = { ...nodeClock, setTimeout: (run: () => void, ms: number) => nodeClock.setTimeout(run, ms / 100) }

const failureOf = async (starting: Promise<Server>): Promise<ListenError> => {
  const error: unknown = await starting.then(
    (server) => server.close().then(() => 'it listens'),
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(ListenError)
  return error as ListenError
}

/** Somebody else has the port. */
async function occupy(address: string, port: number): Promise<NetServer> {
  const server = createServer().listen({ host: address, port })
  await once(server, 'listening')
  return server
}

/** The program's own errors, which stay uncaught; vitest's listeners would take them for its. */
async function uncaughtWhile(act: () => Promise<void>): Promise<unknown[]> {
  const uncaught: unknown[] = []
  const hear = (error: unknown) => void uncaught.push(error)
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException').on('uncaughtException', hear)
  await act()
  await turns()
  process.off('uncaughtException', hear)
  for (const other of others) process.on('uncaughtException', other)
  return uncaught
}

describe('listen() binds', () => {
  it('R2 R4 TCP and UDP on both families at once, each pair on one port', async () => {
    await using served = await serve({
      listen: [
        { proto: 'tcp', port: 0 },
        { proto: 'udp', port: 0 },
      ],
    })
    const { listeners } = served.server.roster
    expect(listeners.map(({ transport, endpoint }) => `${transport} ${endpoint.address}`).toSorted()).toEqual([
      'tcp 0.0.0.0',
      'tcp ::',
      'udp 0.0.0.0',
      'udp ::',
    ])
    for (const transport of ['tcp', 'udp'])
      expect(new Set(listeners.filter((one) => one.transport === transport).map(({ local }) => local?.port)).size).toBe(
        1,
      )
    expect(served.spied.open()).toBe(4)
  })

  it('R2 every address of a name, each on its own socket', async () => {
    const host = 'server.test'
    await using served = await serve(
      {
        listen: [
          { proto: 'tcp', host, port: 0 },
          { proto: 'udp', host, port: 0 },
        ],
      },
      { actors: names({ [host]: ['127.0.0.3', '::1', '127.0.0.2', '127.0.0.3'] }) },
    )
    const [tcp, udp] = ['tcp', 'udp'].map((transport) =>
      served.server.roster.listeners.filter((one) => one.transport === transport),
    )
    for (const listeners of [tcp, udp])
      expect(listeners?.map(({ local }) => local?.address)).toEqual(['127.0.0.3', '::1', '127.0.0.2'])
  })

  it('R2 both wildcards for ::, and one with a family', async () => {
    await using both = await serve({ listen: [{ proto: 'tcp', host: '::', port: 0 }] })
    expect(locals(both.server).map(({ address }) => address)).toEqual(['0.0.0.0', '::'])
    await using one = await serve({ listen: [{ proto: 'tcp', host: '::', family: 'ipv6', port: 0 }] })
    expect(locals(one.server).map(({ address }) => address)).toEqual(['::'])
  })

  it("R4 multihome: a socket for each of this host's addresses", async () => {
    await using served = await serve({ multihome: true, listen: [{ proto: 'udp', port: 0 }] })
    const addresses = locals(served.server).map(({ address }) => address)
    expect(addresses).toContain('127.0.0.1')
    expect(addresses).not.toContain('0.0.0.0')
    served.server.networkChanged()
    expect(served.notes.map(({ type }) => type)).toEqual(['network.changed'])
  })

  it('nothing that has an end: a stranger in the configuration is said before anything is opened', async () => {
    const wrong = { remotes: [{ host: '127.0.0.1' }] } as unknown as ServerConfigInput
    await expect(listen(wrong)).rejects.toThrow(ConfigError)
    await expect(listen({ listen: [] })).rejects.toThrow(ConfigError)
    for (const grace of [-1, Number.NaN, Infinity])
      await expect(listen({ listen: [{}] }, { grace })).rejects.toThrow('grace: a grace is a number of ms')
  })

  it('draws a seed, or takes one', async () => {
    await using drawn = await serve({ listen: [{ proto: 'tcp', port: 0 }] })
    expect(drawn.server.seed).toBeGreaterThanOrEqual(0)
    await using given = await serve({ listen: [{ proto: 'tcp', port: 0 }] }, { seed: 7 })
    expect(given.server.seed).toBe(7)
  })
})

describe('listen() where something is in use', () => {
  const three = (port: number): ServerConfigInput['listen'] =>
    ['127.0.0.2', '127.0.0.3', '127.0.0.4'].map((host) => ({ proto: 'tcp', host, port }))

  it.each([0, 1, 2])(
    'R8 V1 all: block %i of three is taken, so nothing is bound; the error names it',
    async (taken) => {
      const port = await freePort()
      const listening = three(port)
      const occupant = await occupy(listening[taken]?.host ?? '', port)
      const spied = spy()
      const error = await failureOf(listen({ listen: listening }, { inspect: spied.inspect }))
      expect(error.code).toBe('EADDRINUSE')
      expect(error.message).toContain(`${listening[taken]?.host}:${port}`)
      expect(spied.open()).toBe(0)
      occupant.close()
      // Free again at once, all of them.
      await using served = await serve({ listen: listening })
      expect(bound(served.server)).toHaveLength(3)
    },
  )

  it.each([0, 1, 2])(
    'R8 any: block %i of three is taken; the rest is served, and it is bound when it is free',
    async (taken) => {
      const port = await freePort()
      const listening = three(port)
      const { host } = listening[taken] ?? {}
      const occupant = await occupy(host ?? '', port)
      await using served = await serve({ bindPolicy: 'any', listen: listening }, { clock: fast })
      expect(bound(served.server)).toHaveLength(2)
      const missing = served.server.roster.listeners.find(({ local }) => local === null)
      expect(missing).toMatchObject({
        state: 'waiting',
        endpoint: { address: host, port },
        failure: { code: 'EADDRINUSE' },
      })
      const binding = served.noted('listener.bound')
      occupant.close()
      expect(await binding).toMatchObject({ local: { address: host, port } })
      expect(bound(served.server)).toHaveLength(3)
    },
  )

  it('R8 any: it rejects when nothing at all can be bound', async () => {
    const port = await freePort()
    const occupant = await occupy('127.0.0.2', port)
    const config = { bindPolicy: 'any', listen: [{ proto: 'tcp', host: '127.0.0.2', port }] } as const
    expect((await failureOf(listen(config))).code).toBe('EADDRINUSE')
    occupant.close()
  })

  it('a name that cannot be resolved fails the start', async () => {
    const error = await failureOf(listen({ listen: [{ proto: 'tcp', host: 'nobody.test' }] }, { actors: names({}) }))
    expect(error.code).toBe('NO_ADDRESS')
    expect(error.message).toContain('nobody.test')
  })

  it('the message of an error is of a bearable length', async () => {
    const port = await freePort()
    const hosts = Array.from({ length: 25 }, (_, i) => `203.0.113.${i}`)
    const config = { bindPolicy: 'any', listen: [{ proto: 'tcp', host: 'many.test', port }] } as const
    const error = await failureOf(listen(config, { actors: names({ 'many.test': hosts }) }))
    expect(error.roster.listeners).toHaveLength(25)
    expect(error.message.split('\n')).toHaveLength(22)
    expect(error.message).toMatch(/and 5 more$/)
  })
})

describe('a server hands over', () => {
  it('each TCP client: its socket, where it came from, and through which listener', async () => {
    await using served = await serve({ listen: [{ proto: 'tcp', port: 0 }] })
    for (const [i, { port }] of locals(served.server).entries()) {
      const coming = nextConnection(served.server)
      const client = await tcpTo({ address: i === 0 ? '127.0.0.1' : '::1', port })
      const { socket, remote, listener, peer } = await coming
      socket.allowHalfOpen = true
      expect(remote).toMatchObject({ address: client.localAddress, port: client.localPort })
      expect(listener).toBe(served.server.roster.listeners[i])
      expect(peer).toBe(i + 1)
      client.end('question')
      expect(String((await once(socket, 'data'))[0])).toBe('question')
      socket.end('answer')
      expect(String((await once(client, 'data'))[0])).toBe('answer')
      client.destroy()
    }
  })

  it('each datagram; the reply leaves from the asked address', async () => {
    await using served = await serve({
      listen: [
        { host: '127.0.0.2', port: 0 },
        { host: '::1', port: 0 },
      ],
    })
    for (const [i, { address, port }] of locals(served.server).entries()) {
      const client = await udpFrom(i === 0 ? '127.0.0.1' : '::1')
      const coming = nextMessage(served.server)
      client.send('question', port, address)
      const { bytes, remote, listener, peer, reply } = await coming
      expect([String(bytes), remote.port, peer]).toEqual(['question', client.address().port, i + 1])
      expect(listener).toBe(served.server.roster.listeners[i])
      const answering = once(client, 'message')
      expect(reply(Buffer.from('an answer that is longer'))).toBe(true)
      const [answer, source] = (await answering) as [Buffer, { address: string; port: number }]
      expect([String(answer), source.address, source.port]).toEqual(['an answer that is longer', address, port])
      client.close()
    }
    expect(served.server.roster.counters).toMatchObject({ accepted: 2, live: 2 })
  })

  it('no reply larger than the datagram, with amplification-limit', async () => {
    await using served = await serve({ amplificationLimit: true, listen: [{ host: '127.0.0.1', port: 0 }] })
    const client = await udpFrom('127.0.0.1')
    const coming = nextMessage(served.server)
    client.send('question', locals(served.server)[0]?.port ?? 0, '127.0.0.1')
    const { reply } = await coming
    expect([reply(Buffer.from('question!')), reply(Buffer.from('question')), reply(Buffer.from(''))]).toEqual([
      false,
      true,
      false,
    ])
    client.close()
  })

  it('whoever came before somebody listened, in order; not those who have gone', async () => {
    await using served = await serve({ listen: [{ proto: 'tcp', host: '127.0.0.1', port: 0 }] })
    const { server } = served
    const [to] = locals(server)
    if (!to) throw new Error('not bound')
    const clients = [await tcpTo(to), await tcpTo(to), await tcpTo(to)]
    await until(() => server.roster.counters.accepted === 3)
    clients[1]?.resetAndDestroy()
    await until(() => server.roster.counters.closed === 1)
    // One at a time: who listens once is given one.
    const first = await nextConnection(server)
    const rest: ServerConnection[] = []
    server.on('connection', (connection) => rest.push(connection))
    expect(rest).toEqual([])
    await turns()
    const fourth = await tcpTo(to)
    await until(() => rest.length === 2)
    expect([first, ...rest].map(({ remote }) => remote.port)).toEqual(
      [clients[0], clients[2], fourth].map((client) => client?.localPort),
    )
  })

  it('nobody who was dropped before somebody listened', async () => {
    await using served = await serve({ maxPending: 1, listen: [{ proto: 'tcp', host: '127.0.0.1', port: 0 }] })
    const { server } = served
    const [to] = locals(server)
    const silent = await tcpTo(to ?? { address: '', port: 0 })
    await until(() => server.roster.counters.accepted === 1)
    await Promise.all([closed(silent), tcpTo(to ?? { address: '', port: 0 })])
    expect((await nextConnection(server)).peer).toBe(2)
  })

  it('the first 64 datagrams that nobody listened for; the others are counted', async () => {
    await using served = await serve({ listen: [{ host: '127.0.0.1', port: 0 }] })
    const { server } = served
    const client = await udpFrom('127.0.0.1')
    const port = locals(server)[0]?.port ?? 0
    for (let i = 0; i < 70; i++) client.send(String(i), port, '127.0.0.1')
    await until(() => server.unheard === 6)
    const first = await nextMessage(server)
    const rest: ServerMessage[] = []
    server.on('message', (message) => rest.push(message))
    await turns()
    client.send('last', port, '127.0.0.1')
    await until(() => rest.length === 64)
    const texts = [first, ...rest].map(({ bytes }) => String(bytes))
    expect(texts).toEqual([...Array.from({ length: 64 }, (_, i) => String(i)), 'last'])
    client.close()
  })

  it('to a program that throws, whose error stays its own: everything goes on', async () => {
    await using served = await serve({
      maxClients: 2,
      listen: [
        { proto: 'tcp', host: '127.0.0.1', port: 0 },
        { host: '127.0.0.1', port: 0 },
      ],
    })
    const { server } = served
    const mine = new Error('mine')
    const fail = () => {
      throw mine
    }
    const [tcp, udp] = locals(server)
    if (!tcp || !udp) throw new Error('not bound')
    server.on('note', fail).on('connection', fail).on('message', fail).on('refused', fail)
    const uncaught = await uncaughtWhile(async () => {
      await tcpTo(tcp)
      const client = await udpFrom('127.0.0.1')
      client.send('x', udp.port, udp.address)
      await until(() => server.roster.counters.live === 2)
      // It may be reset before it has heard that it was connected.
      await tcpTo(tcp).catch(() => {})
      await until(() => server.roster.counters.refused === 1)
      client.close()
    })
    // Three notes, one connection, one message, one refusal.
    expect(uncaught).toEqual(Array.from({ length: 6 }, () => mine))
    expect(bound(server)).toHaveLength(2)
    server.removeAllListeners()
  })

  it('in order, also to a program that begins to listen in the middle of an arrival', async () => {
    await using served = await serve({ listen: [{ host: '127.0.0.1', port: 0 }] })
    const { server } = served
    const port = locals(server)[0]?.port ?? 0
    const [first, second] = [await udpFrom('127.0.0.1'), await udpFrom('127.0.0.1')]
    first.send('first', port, '127.0.0.1')
    await until(() => server.roster.counters.live === 1)
    const texts: string[] = []
    server.once('note', () => server.on('message', ({ bytes }) => texts.push(String(bytes))))
    second.send('second', port, '127.0.0.1')
    await until(() => texts.length === 2)
    expect(texts).toEqual(['first', 'second'])
    first.close()
    second.close()
  })

  it('to nobody without a reception: clients are closed as they come', async () => {
    const actor = createActor(serverLogic(nodeActors()), {
      clock: nodeClock,
      input: {
        config: serverConfig({ listen: [{ proto: 'tcp', host: '127.0.0.1', port: 0 }] }),
        seed: 1,
        addresses: [],
      },
    })
    const ports: number[] = []
    actor.on('listener.bound', ({ local }) => ports.push(local.port))
    actor.start().send({ type: 'start' })
    await until(() => ports.length === 1)
    const client = connectSocket({ host: '127.0.0.1', port: ports[0] ?? 0 }).on('error', () => {})
    await closed(client)
    actor.send({ type: 'stop' })
  })

  it("a client's reset is no crash, though nobody listens to its socket", async () => {
    await using served = await serve({ listen: [{ proto: 'tcp', host: '127.0.0.1', port: 0 }] })
    const [to] = locals(served.server)
    const coming = nextConnection(served.server)
    const client = await tcpTo(to ?? { address: '', port: 0 })
    await coming
    const gone = served.noted('peer.closed')
    client.resetAndDestroy()
    expect((await gone).peer).toBe(1)
    expect(served.server.roster.counters).toEqual({ accepted: 1, live: 0, refused: 0, dropped: 0, closed: 1 })
  })

  it("the engine's own clients reach every bound socket", async () => {
    const host = 'server.test'
    const hosts = names({ [host]: ['127.0.0.2', '127.0.0.3', '::1'] })
    await using served = await serve(
      { listen: [{ proto: 'tcp', port: 0 }, { proto: 'tcp', host, port: 0 }, { host, port: 0 }, { port: 0 }] },
      { actors: hosts },
    )
    const { server } = served
    server.on('connection', ({ socket, listener }) => socket.end(String(listener.listener)))
    server.on('message', ({ reply, listener }) => void reply(Buffer.from(String(listener.listener))))
    expect(server.roster.listeners).toHaveLength(10)
    for (const { listener, transport, local } of server.roster.listeners) {
      const { address = '', port = 0 } = local ?? {}
      const target = { host: address.replace('0.0.0.0', '127.0.0.1').replace(/^::$/, '::1'), port }
      if (transport === 'tcp') {
        const { socket } = await connect({ remotes: [{ ...target, proto: 'tcp' }] })
        expect(String((await once(socket, 'data'))[0])).toBe(String(listener))
        socket.destroy()
      } else {
        await using connection = await connect({ remotes: [{ ...target, confirm: { kind: 'reply', text: 'hello' } }] })
        for await (const bytes of connection.channel.messages) {
          expect(String(bytes)).toBe(String(listener))
          break
        }
      }
    }
  })
})

describe('a listener that dies', () => {
  it.each(['tcp', 'udp'] as const)(
    'R8 is bound again (%s); its siblings and its clients are unharmed',
    async (proto) => {
      const config: ServerConfigInput = {
        listen: [
          { proto, port: 0 },
          { proto: 'tcp', host: '127.0.0.1', port: 0 },
        ],
      }
      await using served = await serve(config, { clock: fast })
      const { server, spied } = served
      const before = bound(server)
      const coming = nextConnection(server)
      const port = server.roster.listeners.find(
        ({ transport, block }) => transport === 'tcp' && (proto === 'udp' || block === 0),
      )?.local?.port
      const client = await tcpTo({ address: '127.0.0.1', port: port ?? 0 })
      const { socket } = await coming
      const [lost, again] = [once(server, 'lost'), served.noted('listener.bound')]
      spied.handle(1).close()
      expect((await lost)[0]).toMatchObject({ listener: 1, local: null, failure: { code: 'LOCAL_CLOSE' } })
      expect((await again).listener).toBe(1)
      expect(bound(server)).toEqual(before)
      socket.write('still here')
      expect(String((await once(client, 'data'))[0])).toBe('still here')
      const told = served.notes.filter(({ type }) => type.startsWith('listener.'))
      expect(told.every((note) => 'listener' in note && note.listener === 1)).toBe(true)
      client.destroy()
    },
  )

  it('U2 more than 5 times in a minute: the program is told once, and the server goes on', async () => {
    await using served = await serve(
      {
        listen: [
          { proto: 'tcp', host: '127.0.0.1', port: 0 },
          { proto: 'tcp', host: '127.0.0.2', port: 0 },
        ],
      },
      { clock: { ...fast, setTimeout: (run, ms) => nodeClock.setTimeout(run, ms / 2000) } },
    )
    const { server, spied } = served
    const errors: ListenError[] = []
    server.on('failed', (error) => errors.push(error))
    for (let times = 0; times < 7; times++) {
      const again = served.noted('listener.bound')
      spied.handle(1).close()
      await again
    }
    expect(errors.map(({ code }) => code)).toEqual(['RESTARTED_TOO_OFTEN'])
    expect(bound(server)).toHaveLength(2)
  })
})

describe('a server ends', () => {
  const config: ServerConfigInput = {
    listen: [
      { proto: 'tcp', host: '127.0.0.1', port: 0 },
      { host: '127.0.0.1', port: 0 },
    ],
  }

  it('V8 close(): nobody comes in any more, whoever is there may finish', async () => {
    const { server, spied, notes, stop } = await serve(config)
    const [tcp, udp] = locals(server)
    if (!tcp || !udp) throw new Error('not bound')
    const [coming, saying] = [nextConnection(server), nextMessage(server)]
    const client = await tcpTo(tcp)
    const { socket } = await coming
    const peer = await udpFrom('127.0.0.1')
    peer.send('x', udp.port, udp.address)
    const { reply } = await saying
    const closing = server.close()
    const again = server.close()
    expect(spied.open()).toBe(1)
    expect(reply(Buffer.from('too late'))).toBe(false)
    const refused = tcpTo(tcp)
    await expect(refused).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    client.end('the end')
    expect(String((await once(socket, 'data'))[0])).toBe('the end')
    await Promise.all([closing, again])
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
    expect(spied.open()).toBe(0)
    expect(notes.at(-1)).toMatchObject({ type: 'server.stopped' })
    expect(server.roster.counters).toEqual({ accepted: 2, live: 0, refused: 0, dropped: 0, closed: 2 })
    peer.close()
  })

  it('V8 close({ grace }): whoever is still there then is dropped', async () => {
    const { server, spied } = await serve(config)
    const [coming, dropped] = [nextConnection(server), once(server, 'dropped')]
    const client = await tcpTo(locals(server)[0] ?? { address: '', port: 0 })
    await coming
    const [gone, before] = [closed(client), performance.now()]
    await expect(server.close({ grace: -1 })).rejects.toThrow(ConfigError)
    await server.close({ grace: 50 })
    expect(performance.now() - before).toBeGreaterThanOrEqual(50)
    expect((await dropped)[0]).toMatchObject({ peer: 1, failure: { code: 'GRACE' } })
    await gone
    expect(spied.open()).toBe(0)
    await server.close()
  })

  it('by disposal, after its own grace', async () => {
    let ended: Server | undefined
    {
      await using server = await listen(config, { grace: 0 })
      ended = server
      await tcpTo(locals(server)[0] ?? { address: '', port: 0 })
      await until(() => server.roster.counters.live === 1)
    }
    expect(ended.roster.counters).toMatchObject({ accepted: 1, dropped: 1 })
  })

  describe('by its signal', () => {
    const reason = new Error('enough')
    const start = (abort: AbortController, spied: ReturnType<typeof spy>, more: object = {}) =>
      listen(config, { signal: abort.signal, inspect: spied.inspect, ...more })

    it('before it starts: nothing is opened', async () => {
      const [abort, spied] = [new AbortController(), spy()]
      abort.abort(reason)
      await expect(start(abort, spied)).rejects.toBe(reason)
    })

    it.each([0, 1, 2, 3])('%i turns after it was asked for', async (after) => {
      const [abort, spied] = [new AbortController(), spy()]
      const starting = start(abort, spied)
      const ticks = Promise.resolve()
      for (let i = 0; i < after; i++) await ticks
      abort.abort(reason)
      await expect(starting).rejects.toBe(reason)
      await turns()
      expect(spied.open()).toBe(0)
    })

    it('while it resolves', async () => {
      const [abort, spied] = [new AbortController(), spy()]
      const resolver = ioActor(() => {
        setImmediate(() => abort.abort(reason))
        return () => {}
      })
      const starting = listen(
        { listen: [{ proto: 'tcp', host: 'slow.test' }] },
        { signal: abort.signal, inspect: spied.inspect, actors: { resolver } as never },
      )
      await expect(starting).rejects.toBe(reason)
      expect(spied.open()).toBe(0)
    })

    it('while it listens, and while it drains: with everybody who is there', async () => {
      for (const drains of [false, true]) {
        const { server, spied, stop } = await serve(config)
        const client = await tcpTo(locals(server)[0] ?? { address: '', port: 0 })
        await until(() => server.roster.counters.live === 1)
        const gone = closed(client)
        if (drains) void server.close()
        stop.abort()
        await server.closed
        expect(spied.open()).toBe(0)
        await gone
        expect(server.roster.counters).toMatchObject({ live: 0, dropped: 1 })
        await server.close()
      }
    })
  })

  it('by a bug of ours: it says so, and nothing stays open', async () => {
    const spied = spy()
    // A clock that breaks when the last socket is opened, in the middle of a step.
    const now = () => {
      if (spied.open() === 2) throw new Error('mine')
      return nodeClock.now()
    }
    const error = await failureOf(listen(config, { inspect: spied.inspect, clock: { ...nodeClock, now } }))
    expect(error).toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('mine') })
    expect(spied.open()).toBe(0)
  })
})

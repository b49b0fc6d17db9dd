import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, createServer, type Server, Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openWire } from './wire-log.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A listener, and its clients in order. */
async function serve(address = '127.0.0.1', serving: (client: Socket) => void = () => {}) {
  const clients: Socket[] = []
  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    clients.push(client)
    client.on('error', () => {})
    serving(client)
  }).listen({ port: 0, host: address })
  await once(server, 'listening')
  closers.push(() => {
    server.close()
    for (const client of clients) client.destroy()
  })
  const { port } = server.address() as { port: number }
  const client = async () => clients[0] ?? ((await once(server, 'connection')) as [Socket])[0]
  return { to: { address, port }, client, server }
}

async function freePort(): Promise<number> {
  const { to, server } = await serve()
  server.close()
  await once(server, 'close')
  return to.port
}

const socketOf = ({ socket }: { socket: { handle: unknown } }) => socket.handle as Socket
const counts = (socket: Socket) => socket.eventNames().map((name) => `${String(name)} ${socket.listenerCount(name)}`)
const openSockets = () => readdirSync('/proc/self/fd').length

describe('openTcp', () => {
  it.each(['127.0.0.1', '::1'])('R3 dials %s: opened, connected from its own endpoint', async (address) => {
    const { to } = await serve(address)
    const wire = openWire({ transport: 'tcp', to })
    const { local } = await wire.told('connected')
    expect(wire.events[0]).toEqual({ type: 'opened', local: undefined })
    const { localPort } = socketOf(wire)
    expect(local).toEqual({ family: address === '::1' ? 'ipv6' : 'ipv4', address, port: localPort })
    wire.socket.close()
  })

  it.each([
    ['127.0.0.1', '127.0.0.9'],
    ['127.0.0.1', undefined],
    ['::1', undefined],
  ])('R7 to %s binds %s before it connects', async (address, bound) => {
    const { to } = await serve(address)
    const port = await freePort()
    const wire = openWire({ transport: 'tcp', to, local: { address: bound, port } })
    const { local: opened } = await wire.told('opened')
    const { local: connected } = await wire.told('connected')
    expect(opened).toMatchObject({ port })
    expect(connected).toMatchObject({ port, ...(bound ? { address: bound } : {}) })
    wire.socket.close()
  })

  it('tells of a refusal after the socket was opened', async () => {
    const wire = openWire({ transport: 'tcp', to: { address: '127.0.0.1', port: await freePort() } })
    const { failure } = await wire.told('failed')
    expect(wire.types()).toEqual(['opened', 'failed'])
    expect(failure).toMatchObject({ code: 'ECONNREFUSED', stage: 'connect' })
    expect(socketOf(wire).destroyed).toBe(true)
  })

  it.each([
    ['an address that is not ours', { address: '203.0.113.1', port: 0 }, 'EADDRNOTAVAIL'],
    ['the other family', { address: '::1', port: 0 }, 'EINVAL'],
    ['no address at all', { address: 'localhost', port: 0 }, 'BAD_ADDRESS'],
  ])('fails before it opens when it is to bind %s', async (_, local, code) => {
    const { to } = await serve()
    const wire = openWire({ transport: 'tcp', to, local })
    expect((await wire.told('failed')).failure.code).toBe(code)
    expect(wire.types()).toEqual(['failed'])
  })

  it('fails before it opens when the local port is taken', async () => {
    const { to } = await serve()
    const wire = openWire({ transport: 'tcp', to, local: { address: '127.0.0.1', port: to.port } })
    expect((await wire.told('failed')).failure.code).toBe('EADDRINUSE')
    expect(wire.types()).toEqual(['failed'])
  })

  it.each([
    ['a name', { address: 'localhost', port: 1 }, 'BAD_ADDRESS'],
    ['a NUL behind an address', { address: '127.0.0.1\0', port: 1 }, 'BAD_ADDRESS'],
    ['a port out of range', { address: '127.0.0.1', port: 70_000 }, 'BAD_ADDRESS'],
  ])('never dials %s', async (_, to, code) => {
    const wire = openWire({ transport: 'tcp', to })
    expect((await wire.told('failed')).failure.code).toBe(code)
    expect(wire.types()).toEqual(['failed'])
  })

  it('tells of what Node throws instead of reporting', async () => {
    vi.spyOn(Socket.prototype, 'connect').mockImplementationOnce(() => {
      throw Object.assign(new Error('no network'), { code: 'ERR_ACCESS_DENIED' })
    })
    const wire = openWire({ transport: 'tcp', to: { address: '127.0.0.1', port: 1 } })
    expect((await wire.told('failed')).failure.code).toBe('ERR_ACCESS_DENIED')
    expect(socketOf(wire).destroyed).toBe(true)
  })

  it('has the listeners of a bare socket after a release, and touches it no more', async () => {
    const { to, client } = await serve()
    const wire = openWire({ transport: 'tcp', to, reads: true })
    await wire.told('connected')
    const bare = connect(to.port, to.address)
    await once(bare, 'connect')
    wire.socket.accept(true, [])
    const socket = socketOf(wire)
    expect(counts(socket)).toEqual(counts(bare))
    wire.socket.close()
    expect(socket.destroyed).toBe(false)
    ;(await client()).write('still here')
    expect(String((await once(socket, 'data'))[0])).toBe('still here')
    socket.destroy()
    bare.destroy()
    await once(socket, 'close')
    expect(wire.types()).toEqual(['opened', 'connected'])
  })

  it('takes no byte before the user reads, however late that is', async () => {
    const { to } = await serve('127.0.0.1', (client) => client.write('early'))
    const wire = openWire({ transport: 'tcp', to })
    await wire.told('connected')
    wire.socket.accept(true, [])
    const socket = socketOf(wire)
    while (socket.readableLength === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(socket.readableFlowing).toBe(null)
    expect(String((await once(socket, 'data'))[0])).toBe('early')
    socket.destroy()
  })

  it.each([true, false])('puts early bytes back, byte-exact and in order (release %s)', async (release) => {
    const { to, client } = await serve('127.0.0.1', (client) => client.write('one '))
    const taken: Uint8Array[] = []
    const wire = openWire({ transport: 'tcp', to, reads: true }, (event, socket) => {
      if (event.type !== 'received') return
      taken.push(event.bytes)
      if (taken.length === 1) void client().then((peer) => peer.write('two '))
      // Handed over from inside the telling, as a machine does it.
      else socket.accept(release, taken)
    })
    await wire.told('received')
    while (taken.length < 2) await new Promise((resolve) => setImmediate(resolve))
    ;(await client()).end('three')
    let text = ''
    for await (const chunk of socketOf(wire)) text += String(chunk)
    expect(text).toBe('one two three')
    expect(wire.types().filter((type) => type === 'received')).toHaveLength(2)
    wire.socket.close()
  })

  it('flows to a "data" listener that is added in the instant of the hand-over', async () => {
    const { to } = await serve('127.0.0.1', (client) => client.write('reply'))
    const seen = new Promise<string>((resolve) => {
      openWire({ transport: 'tcp', to, reads: true }, (event, socket) => {
        if (event.type !== 'received') return
        socket.accept(true, [event.bytes])
        const user = socket.handle as Socket
        user.on('data', (bytes) => {
          resolve(String(bytes))
          user.destroy()
        })
      })
    })
    expect(await seen).toBe('reply')
  })

  it('fails when the peer ends before the hand-over', async () => {
    const { to } = await serve('127.0.0.1', (client) => client.end())
    const wire = openWire({ transport: 'tcp', to, reads: true })
    expect((await wire.told('failed')).failure.code).toBe('CLOSED_BY_PEER')
  })

  describe('held', () => {
    const hold = async () => {
      const { to, client } = await serve()
      const wire = openWire({ transport: 'tcp', to })
      await wire.told('connected')
      wire.socket.accept(false, [])
      return { wire, socket: socketOf(wire), peer: await client() }
    }

    it("is lost by the peer's end, though nobody reads", async () => {
      const { wire, peer } = await hold()
      peer.end()
      expect((await wire.told('failed')).failure).toMatchObject({ code: 'CLOSED_BY_PEER', stage: 'connected' })
    })

    it('lets the user read everything that came before the end', async () => {
      const { wire, socket, peer } = await hold()
      peer.end('x'.repeat(200_000))
      let length = 0
      for await (const chunk of socket) length += (chunk as Buffer).length
      expect(length).toBe(200_000)
      expect((await wire.told('failed')).failure.code).toBe('CLOSED_BY_PEER')
    })

    it('keeps a half-closed connection until the peer ends too: the user closed it', async () => {
      const { wire, socket, peer } = await hold()
      socket.end('question')
      peer.resume()
      await once(peer, 'end')
      peer.write('answer')
      expect(String((await once(socket, 'data'))[0])).toBe('answer')
      expect(wire.types()).not.toContain('failed')
      peer.end()
      expect((await wire.told('failed')).failure.code).toBe('LOCAL_CLOSE')
    })

    it('is lost by a reset, and nothing is thrown', async () => {
      const { wire, peer } = await hold()
      peer.resetAndDestroy()
      expect((await wire.told('failed')).failure).toMatchObject({ code: 'ECONNRESET', stage: 'connected' })
    })

    it.each([
      ['destroy()', (socket: Socket) => socket.destroy()],
      ['destroy(error)', (socket: Socket) => socket.destroy(new Error('my own'))],
      ['resetAndDestroy()', (socket: Socket) => socket.resetAndDestroy()],
    ])('is lost by the user with %s', async (_, close) => {
      const { wire, socket } = await hold()
      close(socket)
      expect((await wire.told('failed')).failure).toMatchObject({ code: 'LOCAL_CLOSE', stage: 'connected' })
    })

    it('is closed by the engine without a word', async () => {
      const { wire, socket } = await hold()
      wire.socket.close()
      expect(socket.destroyed).toBe(true)
      await once(socket, 'close')
      socket.emit('error', Object.assign(new Error('late'), { syscall: 'read', code: 'EIO' }))
      expect(wire.types()).toEqual(['opened', 'connected'])
    })
  })

  it.each(['open', 'opened', 'connected'] as const)('closed at %s, the descriptor is gone at once', async (stage) => {
    const { to } = await serve()
    const before = openSockets()
    const wire = openWire({ transport: 'tcp', to })
    if (stage !== 'open') await wire.told(stage)
    wire.socket.close()
    wire.socket.close()
    const told = wire.types()
    // The server's half of a connection that was made may be open, ours is not.
    expect(socketOf(wire).destroyed).toBe(true)
    if (stage !== 'connected') expect(openSockets()).toBe(before)
    await once(socketOf(wire), 'close')
    expect(wire.types()).toEqual(told)
  })
})

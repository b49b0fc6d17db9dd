import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { connect, createServer, type Server, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Guest } from '../../src/dock.ts'
import { type DockLog, openDock } from './dock-log.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

function open(address: string, port = 0): DockLog {
  const dock = openDock('tcp', address, port)
  closers.push(() => {
    dock.socket.close()
    for (const guest of dock.guests()) guest.close()
  })
  return dock
}

async function client(address: string, port: number): Promise<Socket> {
  const socket = connect({ host: address, port }).on('error', () => {})
  closers.push(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

const ended = (socket: Socket) => new Promise((resolve) => socket.on('close', resolve))
const userOf = (guest: Guest) => guest.handle as Socket
const serverOf = (dock: DockLog) => dock.socket.handle as Server
const turns = async (n = 3) => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve))
}
const linkLocal = Object.entries(networkInterfaces())
  .flatMap(([name, list = []]) => list.map(({ address }) => `${address}%${name}`))
  .find((address) => address.startsWith('fe80:'))

describe('openTcpDock', () => {
  it.each(['127.0.0.1', '127.0.0.9', '::1', '0.0.0.0', '::'])('R2 binds %s, and says where', async (address) => {
    const dock = open(address)
    const { local } = await dock.told('bound')
    expect(local).toEqual({ family: address.includes(':') ? 'ipv6' : 'ipv4', address, port: local.port })
    expect(local.port).toBeGreaterThan(0)
  })

  it.skipIf(!linkLocal)('R2 binds a link-local address with its zone; clients have theirs', async () => {
    const dock = open(linkLocal ?? '')
    const { local } = await dock.told('bound')
    const from = await client(linkLocal ?? '', local.port)
    const { guest } = await dock.told('arrived')
    expect(guest.remote).toEqual({ family: 'ipv6', address: linkLocal, port: from.localPort })
  })

  it('R2 every v6 socket is v6-only: both wildcards have one port', async () => {
    const four = open('0.0.0.0')
    const { port } = (await four.told('bound')).local
    const six = open('::', port)
    expect((await six.told('bound')).local.port).toBe(port)
    await client('127.0.0.1', port)
    await client('::1', port)
    expect((await four.told('arrived')).guest.remote.address).toBe('127.0.0.1')
    expect((await six.told('arrived')).guest.remote.address).toBe('::1')
  })

  it.each([
    ['an address that is not ours', '203.0.113.1', 0, 'EADDRNOTAVAIL'],
    ['a zone that is none', 'fe80::1%nowhere', 0, 'EINVAL'],
    ['a name', 'localhost', 0, 'BAD_ADDRESS'],
    ['a NUL behind an address', '127.0.0.1\0', 0, 'BAD_ADDRESS'],
    ['a port out of range', '127.0.0.1', 70_000, 'BAD_ADDRESS'],
    ['no whole port', '127.0.0.1', 0.5, 'BAD_ADDRESS'],
  ])('fails to bind %s', async (_, address, port, code) => {
    const dock = open(address, port)
    expect((await dock.told('failed')).failure).toMatchObject({ code, stage: 'bind' })
    await turns()
    expect(dock.types()).toEqual(['failed'])
  })

  it('fails where somebody listens already', async () => {
    const { port } = (await open('127.0.0.1').told('bound')).local
    const dock = open('127.0.0.1', port)
    expect((await dock.told('failed')).failure).toMatchObject({ code: 'EADDRINUSE', stage: 'bind' })
    expect(dock.types()).toEqual(['failed'])
  })

  it('tells of a client: where from, where to, and whether it has spoken though nobody reads', async () => {
    const dock = open('127.0.0.1')
    const { local } = await dock.told('bound')
    const socket = await client('127.0.0.1', local.port)
    const { guest } = await dock.told('arrived')
    expect(guest.remote).toEqual({ family: 'ipv4', address: '127.0.0.1', port: socket.localPort })
    expect(guest.local).toEqual(local)
    await turns()
    expect(guest.hasSpoken()).toBe(false)
    socket.write('x')
    while (!guest.hasSpoken()) await turns()
    expect(String((await once(userOf(guest), 'data'))[0])).toBe('x')
  })

  it.each([false, true])("a client's end ends it, unless the program wants to go on (%s)", async (allowHalfOpen) => {
    const dock = open('127.0.0.1')
    const socket = await client('127.0.0.1', (await dock.told('bound')).local.port)
    const { guest } = await dock.told('arrived')
    const gone = new Promise<void>((resolve) => guest.watch(resolve))
    const user = userOf(guest)
    user.allowHalfOpen = allowHalfOpen
    socket.end('question')
    user.resume()
    await once(user, 'end')
    await turns()
    expect(user.writableEnded).toBe(!allowHalfOpen)
    if (allowHalfOpen) user.end('answer')
    expect(allowHalfOpen && String((await once(socket, 'data'))[0])).toBe(allowHalfOpen && 'answer')
    await gone
  })

  it('who leaves without a word is gone, though nobody reads', async () => {
    const dock = open('127.0.0.1')
    const socket = await client('127.0.0.1', (await dock.told('bound')).local.port)
    const { guest } = await dock.told('arrived')
    const gone = new Promise<void>((resolve) => guest.watch(resolve))
    socket.end()
    await gone
  })

  it("a client's reset is no crash, and ends it", async () => {
    const dock = open('127.0.0.1')
    const socket = await client('127.0.0.1', (await dock.told('bound')).local.port)
    const { guest } = await dock.told('arrived')
    const gone = new Promise<void>((resolve) => guest.watch(resolve))
    socket.resetAndDestroy()
    await gone
    expect(userOf(guest).errored).toMatchObject({ code: 'ECONNRESET' })
  })

  it('adds one listener for errors, and one for the end to whoever watches', async () => {
    const bare: Socket[] = []
    const server = createServer((socket) => bare.push(socket)).listen(0, '127.0.0.1')
    closers.push(
      () => server.close(),
      () => bare[0]?.destroy(),
    )
    await once(server, 'listening')
    const dock = open('127.0.0.1')
    await client('127.0.0.1', (await dock.told('bound')).local.port)
    await client('127.0.0.1', (server.address() as { port: number }).port)
    const { guest } = await dock.told('arrived')
    guest.watch(() => {})
    while (!bare[0]) await turns()
    const counts = (socket: Socket) =>
      Object.fromEntries(socket.eventNames().map((name) => [name, socket.listenerCount(name)]))
    expect(counts(userOf(guest))).toEqual({ ...counts(bare[0]), error: 1, close: 1 })
  })

  it('closes a guest at once, with a reset, and its watcher hears it later', async () => {
    const dock = open('127.0.0.1')
    const socket = await client('127.0.0.1', (await dock.told('bound')).local.port)
    const { guest } = await dock.told('arrived')
    const heard: string[] = []
    guest.watch(() => heard.push('gone'))
    const reset = ended(socket)
    guest.close()
    guest.close()
    expect(heard).toEqual([])
    expect(userOf(guest).destroyed).toBe(true)
    await reset
    expect(socket.errored).toMatchObject({ code: 'ECONNRESET' })
    expect(heard).toEqual(['gone'])
    expect(guest.local).toEqual({ family: 'ipv4', address: '0.0.0.0', port: 0 })
  })

  it('a client that has gone before it was looked at is nobody', async () => {
    const dock = open('127.0.0.1')
    await dock.told('bound')
    // The kernel says no more whose it was.
    const socket = new Socket()
    serverOf(dock).emit('connection', socket)
    expect(socket.destroyed).toBe(true)
    expect(dock.types()).toEqual(['bound'])
  })

  describe('closed', () => {
    it('at once: nobody listens any more, and its guests live on', async () => {
      const dock = open('127.0.0.1')
      const { local } = await dock.told('bound')
      const socket = await client('127.0.0.1', local.port)
      const { guest } = await dock.told('arrived')
      dock.socket.close()
      dock.socket.close()
      const again = open('127.0.0.1', local.port)
      expect((await again.told('bound')).local).toEqual(local)
      userOf(guest).write('still here')
      expect(String((await once(socket, 'data'))[0])).toBe('still here')
      expect(dock.types()).toEqual(['bound', 'arrived'])
    })

    it('before it was bound, it never listens', async () => {
      const before = readdirSync('/dev/fd').length
      const dock = open('127.0.0.1')
      dock.socket.close()
      await turns()
      expect(readdirSync('/dev/fd')).toHaveLength(before)
      expect(dock.types()).toEqual([])
    })
  })

  describe('dies', () => {
    const alive = async () => {
      const dock = open('127.0.0.1')
      const { local } = await dock.told('bound')
      await client('127.0.0.1', local.port)
      const { guest } = await dock.told('arrived')
      return { dock, local, guest }
    }

    it('when somebody else closes it, though it has clients, which live on', async () => {
      const { dock, guest } = await alive()
      serverOf(dock).close()
      expect((await dock.told('failed')).failure).toMatchObject({ code: 'LOCAL_CLOSE', stage: 'accept' })
      expect(userOf(guest).destroyed).toBe(false)
      guest.close()
      await turns()
      expect(dock.types()).toEqual(['bound', 'arrived', 'failed'])
    })

    it('V5 when it cannot accept: the socket is closed, so that it does not spin', async () => {
      const { dock, local } = await alive()
      serverOf(dock).emit('error', Object.assign(new Error('accept'), { code: 'ENFILE' }))
      expect((await dock.told('failed')).failure).toMatchObject({ code: 'ENFILE', stage: 'accept' })
      expect((await open('127.0.0.1', local.port).told('bound')).local).toEqual(local)
    })

    it('not when one client could not be accepted', async () => {
      const { dock, local } = await alive()
      serverOf(dock).emit('error', Object.assign(new Error('accept'), { code: 'EPROTO' }))
      await client('127.0.0.1', local.port)
      while (dock.guests().length < 2) await turns()
      expect(dock.types()).toEqual(['bound', 'arrived', 'arrived'])
    })
  })
})

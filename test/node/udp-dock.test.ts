import { createSocket, Socket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Endpoint } from '../../src/endpoint.ts'
import { type DockLog, openDock } from './dock-log.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

function open(address: string, port = 0): DockLog {
  const dock = openDock('udp', address, port)
  closers.push(() => dock.socket.close())
  return dock
}

async function peer(address: string): Promise<Socket> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4').bind(0, address)
  closers.push(() => socket.close())
  await once(socket, 'listening')
  return socket
}

const handleOf = (dock: DockLog) => dock.socket.handle as Socket
const turns = async (n = 3) => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve))
}
const nowhere: Endpoint = { family: 'ipv4', address: '127.0.0.1', port: 9 }

describe('openUdpDock', () => {
  it.each(['127.0.0.1', '127.0.0.9', '::1', '0.0.0.0', '::'])('R2 R4 binds %s, and says where', async (address) => {
    const dock = open(address)
    const { local } = await dock.told('bound')
    expect(local).toEqual({ family: address.includes(':') ? 'ipv6' : 'ipv4', address, port: local.port })
    expect(local.port).toBeGreaterThan(0)
  })

  it('R2 every v6 socket is v6-only: both wildcards have one port', async () => {
    const four = open('0.0.0.0')
    const { port } = (await four.told('bound')).local
    const six = open('::', port)
    expect((await six.told('bound')).local.port).toBe(port)
    ;(await peer('127.0.0.1')).send('four', port, '127.0.0.1')
    ;(await peer('::1')).send('six', port, '::1')
    expect(String((await four.told('heard')).bytes)).toBe('four')
    expect((await six.told('heard')).from.address).toBe('::1')
  })

  it.each([
    ['an address that is not ours', '203.0.113.1', 0, 'EADDRNOTAVAIL'],
    ['a zone that is none', 'fe80::1%nowhere', 0, 'EINVAL'],
    ['a name', 'localhost', 0, 'BAD_ADDRESS'],
    ['a port out of range', '127.0.0.1', 70_000, 'BAD_ADDRESS'],
  ])('fails to bind %s', async (_, address, port, code) => {
    const dock = open(address, port)
    expect((await dock.told('failed')).failure).toMatchObject({ code, stage: 'bind' })
    await turns()
    expect(dock.types()).toEqual(['failed'])
  })

  it('never shares a port: what somebody has is in use, even if he would share it', async () => {
    const first = createSocket({ type: 'udp4', reuseAddr: true }).bind(0, '127.0.0.1')
    closers.push(() => first.close())
    await once(first, 'listening')
    const dock = open('127.0.0.1', first.address().port)
    expect((await dock.told('failed')).failure).toMatchObject({ code: 'EADDRINUSE', stage: 'bind' })
  })

  it('tells of what Node throws instead of reporting', async () => {
    vi.spyOn(Socket.prototype, 'bind').mockImplementationOnce(() => {
      throw Object.assign(new Error('no network'), { code: 'ERR_ACCESS_DENIED' })
    })
    expect((await open('127.0.0.1').told('failed')).failure.code).toBe('ERR_ACCESS_DENIED')
  })

  it.each(['127.0.0.1', '::1'])('hears a datagram and answers it, from the asked address (%s)', async (address) => {
    const dock = open(address)
    const { local } = await dock.told('bound')
    const socket = await peer(address)
    socket.send('question', local.port, address)
    const { from, bytes } = await dock.told('heard')
    expect(from).toEqual({ family: local.family, address, port: socket.address().port })
    expect(String(bytes)).toBe('question')
    dock.socket.send(Buffer.from('answer'), from)
    const [answer, source] = (await once(socket, 'message')) as [Buffer, Endpoint]
    expect(String(answer)).toBe('answer')
    expect(source).toMatchObject({ address, port: local.port })
  })

  it.each([
    ['to port 0', { ...nowhere, port: 0 }, 1],
    ['to nobody', nowhere, 1],
    ['that is too large', nowhere, 70_000],
    ['to no address', { ...nowhere, address: 'localhost' }, 1],
    ['to the other family', { ...nowhere, address: '::1' }, 1],
  ])('a datagram %s is dropped, and the socket goes on', async (_, to, length) => {
    const dock = open('127.0.0.1')
    const { local } = await dock.told('bound')
    dock.socket.send(Buffer.alloc(length), to)
    await turns()
    ;(await peer('127.0.0.1')).send('x', local.port, '127.0.0.1')
    await dock.told('heard')
    expect(dock.types()).toEqual(['bound', 'heard'])
  })

  it('what would wait beyond 1 MiB is dropped', async () => {
    const dock = open('127.0.0.1')
    await dock.told('bound')
    const send = vi.spyOn(handleOf(dock), 'send')
    vi.spyOn(handleOf(dock), 'getSendQueueSize').mockReturnValue(1_048_000)
    dock.socket.send(Buffer.alloc(576), nowhere)
    dock.socket.send(Buffer.alloc(577), nowhere)
    expect(send).toHaveBeenCalledTimes(1)
  })

  it('closes at once, also before it was bound; what is sent then is dropped', async () => {
    const before = readdirSync('/dev/fd').length
    const early = open('127.0.0.1')
    early.socket.send(Buffer.from('x'), nowhere)
    early.socket.close()
    const dock = open('127.0.0.1')
    const { local } = await dock.told('bound')
    dock.socket.close()
    dock.socket.close()
    expect(readdirSync('/dev/fd')).toHaveLength(before)
    dock.socket.send(Buffer.from('x'), nowhere)
    await open('127.0.0.1', local.port).told('bound')
    expect([early.types(), dock.types()]).toEqual([[], ['bound']])
  })

  it('dies when somebody else closes it', async () => {
    const dock = open('127.0.0.1')
    await dock.told('bound')
    handleOf(dock).close()
    expect((await dock.told('failed')).failure).toMatchObject({ code: 'LOCAL_CLOSE', stage: 'accept' })
  })

  it('does not die of what could not be sent', async () => {
    const dock = open('127.0.0.1')
    await dock.told('bound')
    handleOf(dock).emit('error', Object.assign(new Error('send'), { code: 'EPERM', syscall: 'send' }))
    expect(dock.types()).toEqual(['bound'])
  })

  it('dies of an error of its own, and is closed', async () => {
    const dock = open('127.0.0.1')
    const { local } = await dock.told('bound')
    handleOf(dock).emit('error', Object.assign(new Error('recvmsg'), { code: 'ENETDOWN' }))
    expect((await dock.told('failed')).failure).toMatchObject({ code: 'ENETDOWN', stage: 'accept' })
    await open('127.0.0.1', local.port).told('bound')
    expect(dock.types()).toEqual(['bound', 'failed'])
  })
})

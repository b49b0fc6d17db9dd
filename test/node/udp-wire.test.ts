import { createSocket, type RemoteInfo, Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type DatagramChannel } from '../../src/node/datagram-channel.ts'
import { openWire, type WireLog } from './wire-log.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function peerAt(address = '127.0.0.1') {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.bind({ port: 0, address })
  await once(socket, 'listening')
  let open = true
  socket.on('close', () => (open = false))
  closers.push(() => open && socket.close())
  return { socket, to: { address, port: socket.address().port } }
}

const heard = async (socket: Socket) => {
  const [bytes, from] = (await once(socket, 'message')) as [Buffer, RemoteInfo]
  return { text: String(bytes), from }
}
const sent = (from: Socket, text: string, port: number, address = '127.0.0.1') =>
  new Promise<void>((resolve) => from.send(text, port, address, () => resolve()))
/** Once round the loop: what the kernel has is read. */
const turn = () => new Promise<void>((resolve) => void setImmediate(() => setImmediate(resolve)))
const channelOf = (wire: WireLog) => wire.socket.handle as DatagramChannel
const bytes = (text: string) => new TextEncoder().encode(text)
const portOf = async (wire: WireLog) => (await wire.told('connected')).local?.port ?? 0

/** Reads `count` messages. */
async function read(channel: DatagramChannel, count: number): Promise<string[]> {
  const texts: string[] = []
  if (count === 0) return texts
  for await (const message of channel.messages) if (texts.push(new TextDecoder().decode(message)) === count) break
  return texts
}

describe('openUdp', () => {
  it.each(['127.0.0.1', '::1'])('R4 opens, binds and connects to %s', async (address) => {
    const { to } = await peerAt(address)
    const wire = openWire({ transport: 'udp', to })
    const { local } = await wire.told('connected')
    expect(wire.events[0]).toEqual({ type: 'opened', local: undefined })
    expect(local).toEqual({ family: address === '::1' ? 'ipv6' : 'ipv4', address, port: expect.any(Number) as number })
    expect(channelOf(wire)).toMatchObject({ local, remote: to, dropped: 0 })
    wire.socket.close()
  })

  it('R7 binds the wildcard of the family, both families on one port', async () => {
    const [peer4, peer6] = [await peerAt(), await peerAt('::1')]
    const four = openWire({ transport: 'udp', to: peer4.to, local: { port: 0 } })
    const { local } = await four.told('opened')
    expect(local).toMatchObject({ family: 'ipv4', address: '0.0.0.0' })
    // A v6 wildcard that is not v6-only would clash here.
    const six = openWire({ transport: 'udp', to: peer6.to, local: { port: local?.port ?? 0 } })
    expect((await six.told('opened')).local).toEqual({ family: 'ipv6', address: '::', port: local?.port })
    await six.told('connected')
    four.socket.close()
    six.socket.close()
  })

  it.each([
    ['an address that is not ours', { address: '203.0.113.1', port: 0 }, 'EADDRNOTAVAIL'],
    ['a name', { address: 'localhost', port: 0 }, 'BAD_ADDRESS'],
    ['a port out of range', { address: '127.0.0.1', port: 70_000 }, 'BAD_ADDRESS'],
  ])('fails before it opens when it is to bind %s', async (_, local, code) => {
    const { to } = await peerAt()
    const wire = openWire({ transport: 'udp', to, local })
    const { failure } = await wire.told('failed')
    expect(failure.code).toBe(code)
    expect(wire.types()).toEqual(['failed'])
  })

  it('never shares a port that is taken', async () => {
    const { to } = await peerAt()
    const wire = openWire({ transport: 'udp', to, local: { address: '127.0.0.1', port: to.port } })
    expect((await wire.told('failed')).failure.code).toBe('EADDRINUSE')
  })

  it.each([
    ['a name', { address: 'localhost', port: 1 }],
    ['port 0', { address: '127.0.0.1', port: 0 }],
  ])('never sends to %s', async (_, to) => {
    const wire = openWire({ transport: 'udp', to })
    expect((await wire.told('failed')).failure.code).toBe('BAD_ADDRESS')
  })

  it('tells of what Node throws instead of reporting', async () => {
    vi.spyOn(Socket.prototype, 'bind').mockImplementationOnce(() => {
      throw Object.assign(new Error('no network'), { code: 'ERR_ACCESS_DENIED' })
    })
    const wire = openWire({ transport: 'udp', to: { address: '127.0.0.1', port: 1 } })
    expect((await wire.told('failed')).failure.code).toBe('ERR_ACCESS_DENIED')
  })

  it('sends, and tells what comes back', async () => {
    const { socket, to } = await peerAt()
    const wire = openWire({ transport: 'udp', to, reads: true })
    const port = await portOf(wire)
    wire.socket.send(bytes('ping'))
    expect(await heard(socket)).toMatchObject({ text: 'ping', from: { port } })
    await sent(socket, 'pong', port)
    expect(String((await wire.told('received')).bytes)).toBe('pong')
    wire.socket.close()
  })

  it('drops and counts a datagram of a stranger that was queued before the connect', async () => {
    const [{ socket, to }, stranger] = [await peerAt(), await peerAt()]
    // Inside `opened` the socket is bound and not yet connected: the kernel takes from anybody.
    const wire = openWire({ transport: 'udp', to, local: { address: '127.0.0.1', port: 0 }, reads: true }, (event) => {
      if (event.type === 'opened') stranger.socket.send('forged', event.local?.port, '127.0.0.1')
    })
    const port = await portOf(wire)
    await sent(socket, 'genuine', port)
    expect(String((await wire.told('received')).bytes)).toBe('genuine')
    expect(wire.types()).toEqual(['opened', 'connected', 'received'])
    expect(channelOf(wire).dropped).toBe(1)
    wire.socket.close()
  })

  it('R4 fails with the refusal that ICMP brings', async () => {
    const { socket, to } = await peerAt()
    socket.close()
    const wire = openWire({ transport: 'udp', to, reads: true })
    await wire.told('connected')
    wire.socket.send(bytes('anybody?'))
    expect((await wire.told('failed')).failure.code).toBe('ECONNREFUSED')
    expect(wire.types()).toEqual(['opened', 'connected', 'failed'])
  })

  it('fails when a datagram cannot be sent at all', async () => {
    const { to } = await peerAt()
    const wire = openWire({ transport: 'udp', to, reads: true })
    await wire.told('connected')
    wire.socket.send(new Uint8Array(70_000))
    expect((await wire.told('failed')).failure.code).toBe('EMSGSIZE')
  })

  it.each(['open', 'opened', 'connected'] as const)('closed at %s, it is gone and silent', async (stage) => {
    const { to } = await peerAt()
    const wire = openWire({ transport: 'udp', to })
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'UDPWRAP').length
    if (stage !== 'open') await wire.told(stage)
    wire.socket.close()
    wire.socket.close()
    expect(() => wire.socket.send(bytes('late'))).not.toThrow()
    const told = wire.types()
    await turn()
    expect(wire.types()).toEqual(told)
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'UDPWRAP').length).toBeLessThanOrEqual(before)
  })

  describe.each([
    ['released', true],
    ['held', false],
  ])('%s', (_, release) => {
    const handOver = async (early: readonly Uint8Array[] = []) => {
      const { socket, to } = await peerAt()
      const wire = openWire({ transport: 'udp', to, reads: true })
      const port = await portOf(wire)
      wire.socket.accept(release, early)
      return { wire, channel: channelOf(wire), peer: socket, port }
    }

    it('has the confirming datagram as its first message', async () => {
      const { channel, peer, port } = await handOver([bytes('reply')])
      await sent(peer, 'second', port)
      expect(await read(channel, 2)).toEqual(['reply', 'second'])
      channel.close()
    })

    it('sends and receives', async () => {
      const { channel, peer, port } = await handOver()
      await channel.send(bytes('ping'))
      expect(await heard(peer)).toMatchObject({ text: 'ping', from: { port } })
      await sent(peer, '', port)
      expect(await read(channel, 1)).toEqual([''])
      channel.close()
    })

    it('keeps 64 datagrams until the first reader, and drops and counts the rest', async () => {
      const { channel, peer, port } = await handOver()
      for (let i = 0; i < 70; i++) await sent(peer, String(i), port)
      while (channel.dropped < 6) await new Promise((resolve) => setImmediate(resolve))
      expect(await read(channel, 64)).toEqual(Array.from({ length: 64 }, (_, i) => String(i)))
      await sent(peer, 'room again', port)
      expect(await read(channel, 1)).toEqual(['room again'])
      channel.close()
    })

    it('ends its messages with the refusal, after what came before', async () => {
      const { wire, channel, peer, port } = await handOver()
      await sent(peer, 'last words', port)
      expect(await read(channel, 1)).toEqual(['last words'])
      await sent(peer, 'unread', port)
      await turn()
      peer.close()
      await once(peer, 'close')
      await channel.send(bytes('anybody?'))
      const texts: string[] = []
      const reading = (async () => {
        for await (const message of channel.messages) texts.push(String(Buffer.from(message)))
      })()
      await expect(reading).rejects.toMatchObject({ name: 'ChannelError', code: 'ECONNREFUSED' })
      expect(texts).toEqual(['unread'])
      await expect(channel.send(bytes('again'))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      expect(wire.types()).toEqual(release ? ['opened', 'connected'] : ['opened', 'connected', 'failed'])
    })

    it('is lost by a refusal that only a send has heard of', async () => {
      const { wire, channel, peer } = await handOver()
      peer.close()
      await once(peer, 'close')
      const unheard: unknown[] = []
      const hear = (reason: unknown) => unheard.push(reason)
      process.on('unhandledRejection', hear)
      // On loopback the ICMP answer to the first one is there before the second; nobody waits for either.
      const sends = [channel.send(bytes('one')), channel.send(bytes('two'))]
      await turn()
      expect(await read(channel, 1).catch((error: unknown) => error)).toMatchObject({ code: 'ECONNREFUSED' })
      await turn()
      process.off('unhandledRejection', hear)
      expect(unheard).toEqual([])
      expect((await Promise.allSettled(sends)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
      if (!release) expect((await wire.told('failed')).failure.code).toBe('ECONNREFUSED')
    })

    it('keeps the channel when one datagram is too long, and tells its sender alone', async () => {
      const { wire, channel, peer, port } = await handOver()
      await expect(channel.send(new Uint8Array(70_000))).rejects.toMatchObject({ code: 'EMSGSIZE' })
      await sent(peer, 'still here', port)
      expect(await read(channel, 1)).toEqual(['still here'])
      expect(wire.types()).toEqual(['opened', 'connected'])
      channel.close()
    })

    it("outlives a router's word about one datagram", async () => {
      const { wire, channel, peer, port } = await handOver()
      channel.socket?.emit('error', Object.assign(new Error('recvmsg'), { code: 'EMSGSIZE', syscall: 'recvmsg' }))
      await sent(peer, 'still here', port)
      expect(await read(channel, 1)).toEqual(['still here'])
      expect(wire.types()).toEqual(['opened', 'connected'])
      channel.close()
    })

    it('refuses what would pile up without bound', async () => {
      const { channel } = await handOver()
      if (!channel.socket) throw new Error('a direct channel shows its socket')
      vi.spyOn(channel.socket, 'getSendQueueSize').mockReturnValue(1_048_570)
      await channel.send(bytes('123456'))
      await expect(channel.send(bytes('1234567'))).rejects.toMatchObject({ code: 'ENOBUFS' })
      channel.close()
    })

    it.each([
      ['its channel', (channel: DatagramChannel) => channel.close()],
      ['its socket', (channel: DatagramChannel) => void channel.socket?.close()],
    ])('is closed by the user through %s', async (_, close) => {
      const { wire, channel } = await handOver()
      const reading = read(channel, 1)
      close(channel)
      expect(await reading).toEqual([])
      channel.close()
      await expect(channel.send(bytes('late'))).rejects.toMatchObject({ code: 'LOCAL_CLOSE' })
      if (release) expect(wire.types()).toEqual(['opened', 'connected'])
      else expect((await wire.told('failed')).failure).toMatchObject({ code: 'LOCAL_CLOSE', stage: 'connected' })
    })

    it(`is ${release ? 'not touched' : 'closed'} by the engine afterwards`, async () => {
      const { wire, channel, peer, port } = await handOver()
      wire.socket.close()
      if (release) {
        await sent(peer, 'still here', port)
        expect(await read(channel, 1)).toEqual(['still here'])
        channel.close()
      } else expect(await read(channel, 1)).toEqual([])
      expect(wire.types()).toEqual(['opened', 'connected'])
    })
  })
})

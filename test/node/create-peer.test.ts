import { type Socket as UdpSocket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { PeerConfigInput } from '../../src/config/peer-schema.ts'
import type { Note } from '../../src/ledger.ts'
import type { ConfigError, ConnectError } from '../../src/node/connect-error.ts'
import type { ClientConnection, UdpConnection } from '../../src/node/connection.ts'
import { type Peer, createPeer } from '../../src/node/create-peer.ts'
import type { ListenError } from '../../src/node/listen-error.ts'
import type { PeerOptions } from '../../src/node/peer-root.ts'
import type { Failure } from '../../src/failure.ts'
import type { ServerNote } from '../../src/roster.ts'
import { PAIRS, freePlace } from './peer-pairs.ts'
import { spy } from './served.ts'

type AnyNote = Note | ServerNote
type NoteOf<Type extends AnyNote['type']> = Extract<AnyNote, { readonly type: Type }>

const peers: Peer[] = []
const sockets: UdpSocket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close()
  await Promise.all(peers.splice(0).map((peer) => peer.close()))
})

function peerOf(config: PeerConfigInput, options?: PeerOptions): Peer {
  const peer = createPeer(config, options)
  peers.push(peer)
  return peer
}

const noted = <Type extends AnyNote['type']>(peer: Peer, type: Type) =>
  new Promise<NoteOf<Type>>((resolve) => {
    const look = (note: AnyNote) => {
      if (note.type !== type) return
      peer.off('note', look)
      resolve(note as NoteOf<Type>)
    }
    peer.on('note', look)
  })

const connected = async (peer: Peer) => ((await once(peer, 'connected')) as [ClientConnection])[0]
const lost = async (peer: Peer) => ((await once(peer, 'lost')) as [Failure])[0]
const channelOf = (connection: ClientConnection) => (connection as UdpConnection).channel

async function udp(): Promise<{ readonly socket: UdpSocket; readonly port: number }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  sockets.push(socket)
  await once(socket, 'listening')
  return { socket, port: socket.address().port }
}

const readers = new WeakMap<ClientConnection, AsyncIterator<Uint8Array>>()

/** The next datagram of a connection, as text. */
async function next(connection: ClientConnection): Promise<string | undefined> {
  const reader = readers.get(connection) ?? channelOf(connection).messages[Symbol.asyncIterator]()
  readers.set(connection, reader)
  const { value } = (await reader.next()) as IteratorResult<Uint8Array, undefined>
  return value && Buffer.from(value).toString()
}

const say = (connection: ClientConnection, text: string) => channelOf(connection).send(Buffer.from(text))

/** A box between two peers: the one inside sends to it, and is seen outside at a port that changes with `rebind`. */
async function nat(outside: number) {
  const [inner, first] = [await udp(), await udp()]
  let outer = first
  let inside = 0
  let passed = 0
  let watch = () => {}
  const back = (bytes: Uint8Array) => inner.socket.send(bytes, inside, '127.0.0.1')
  inner.socket.on('message', (bytes, { port }) => {
    inside = port
    passed++
    watch()
    outer.socket.send(bytes, outside, '127.0.0.1')
  })
  outer.socket.on('message', back)
  return {
    port: inner.port,
    seen: () => outer.port,
    rebind: async () => {
      outer.socket.off('message', back)
      outer = await udp()
      outer.socket.on('message', back)
    },
    /** When so many more datagrams have come from inside. */
    passes: (count: number) =>
      new Promise<void>((resolve) => {
        const enough = passed + count
        watch = () => void (passed >= enough && resolve())
      }),
  }
}

const dial = (port: number, more: Partial<PeerConfigInput> = {}): PeerConfigInput => {
  return { mode: 'p2p', sockets: 'roles', remotes: [{ host: '127.0.0.1', port }], ...more }
}
const wait = (port: number, more: Partial<PeerConfigInput> = {}): PeerConfigInput => {
  return { mode: 'p2p', sockets: 'roles', waits: true, listen: { host: '127.0.0.1', port }, ...more }
}

/** Sockets of this process. */
const open = () => process.getActiveResourcesInfo().filter((name) => /^(UDP|TCP)/.test(name))
/** A closed socket is gone when the loop has come round. */
const turns = async () => {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}

describe('createPeer()', () => {
  it('R5 all: both are connected on the same path, and say what it is', async () => {
    const [here, there] = [await freePlace('127.0.0.1'), await freePlace('127.0.0.2')]
    const [a, b] = PAIRS.all(here, there).map((config) => peerOf(config)) as [Peer, Peer]
    const [atA, atB] = await Promise.all([connected(a), connected(b)])
    expect(a.connection).toBe(atA)
    expect(atA.confirmation?.sent).toBeGreaterThan(0)
    expect([channelOf(atA).local, channelOf(atA).remote]).toMatchObject([{ ...pick(here) }, { ...pick(there) }])
    expect([channelOf(atB).local, channelOf(atB).remote]).toMatchObject([{ ...pick(there) }, { ...pick(here) }])
    expect(a.roster.listeners).toMatchObject([{ state: 'bound', local: pick(here) }])
    expect(a.ledger.at(-1)).toMatchObject({ outcome: 'won' })
    await Promise.all([say(atA, 'from a'), say(atB, 'from b')])
    expect(await Promise.all([next(atA), next(atB)])).toEqual(['from b', 'from a'])
    await a.close()
    expect(a.roster.listeners).toMatchObject([{ state: 'closed' }])
    expect(await next(atA)).toBe(undefined)
  })

  it('R5 a name is looked up, and both families are bound and tried', async () => {
    const { port } = await freePlace('127.0.0.1')
    const a = peerOf({ mode: 'p2p', sockets: 'all', listen: { port } })
    await noted(a, 'listener.bound')
    const b = peerOf({ mode: 'p2p', sockets: 'roles', remotes: [{ host: 'localhost', port }] })
    await Promise.all([connected(a), connected(b)])
    expect(a.roster.listeners.map(({ endpoint: { address } }) => address)).toEqual(['0.0.0.0', '::'])
    expect(b.roster.listeners).toEqual([])
  })

  it('R5 reject leaves the path, and the two meet again', async () => {
    const { port } = await freePlace('127.0.0.1')
    const [a, b] = [peerOf(wait(port, { keepalive: { restart: 500 } })), peerOf(dial(port))]
    const [, first] = await Promise.all([connected(a), connected(b)])
    const again = Promise.all([lost(a), connected(a), lost(b), connected(b)])
    first.reject('not who I expected')
    first.reject('twice is once')
    const [atA, , atB, second] = await again
    expect([atA.code, atB]).toEqual(['PING_RESTART', { ...atB, code: 'REJECTED', message: 'not who I expected' }])
    expect(second.attempt).toBeGreaterThan(first.attempt)
  })

  it('R5 closing the channel is a loss, and nothing can be sent over it any more', async () => {
    const { port } = await freePlace('127.0.0.1')
    const [a, b] = [peerOf(wait(port)), peerOf(dial(port))]
    const [, atB] = await Promise.all([connected(a), connected(b)])
    const losing = lost(b)
    channelOf(atB).close()
    expect((await losing).code).toBe('LOCAL_CLOSE')
    expect(b.connection).toBe(undefined)
    await expect(say(atB, 'late')).rejects.toMatchObject({ code: 'LOCAL_CLOSE' })
  })

  it('R5 a datagram that the system refuses is the sender’s to know, and no loss', async () => {
    const { port } = await freePlace('127.0.0.1')
    const [a, b] = [peerOf(wait(port)), peerOf(dial(port))]
    const [atA, atB] = await Promise.all([connected(a), connected(b)])
    await expect(channelOf(atA).send(new Uint8Array(70_000))).rejects.toMatchObject({ code: 'EMSGSIZE' })
    await expect(channelOf(atB).send(new Uint8Array(70_000))).rejects.toMatchObject({ code: 'EMSGSIZE' })
    await Promise.all([say(atA, 'small'), say(atB, 'small')])
    expect([await next(atA), await next(atB)]).toEqual(['small', 'small'])
  })

  it('R5 confirm none: meets software that knows no greeting, from whichever side it comes', async () => {
    const other = await udp()
    const dialler = peerOf(dial(other.port, { confirm: 'none' }))
    const out = await connected(dialler)
    expect(out.confirmation).toBe(undefined)
    const arrived = once(other.socket, 'message') as Promise<[Buffer, AddressInfo]>
    await say(out, 'hello')
    const [bytes, { port }] = await arrived
    expect(String(bytes)).toBe('hello')
    other.socket.send('hi', port, '127.0.0.1')
    expect(await next(out)).toBe('hi')

    const place = await freePlace('127.0.0.1')
    const waiter = peerOf(wait(place.port, { confirm: 'none' }))
    await noted(waiter, 'listener.bound')
    const coming = connected(waiter)
    other.socket.send('knock', place.port, '127.0.0.1')
    expect(channelOf(await coming).remote.port).toBe(other.port)
    other.socket.send('it is me', place.port, '127.0.0.1')
    expect([await next(await coming), await next(await coming)]).toEqual(['knock', 'it is me'])
  })

  it('R5 confirm reply: any answer confirms, and is the first message', async () => {
    const other = await udp()
    const at = { host: '127.0.0.1', port: other.port }
    const remotes = [
      { ...at, confirm: { kind: 'reply', text: 'who?' } as const },
      { ...at, confirm: { kind: 'none' } as const },
    ]
    const peer = peerOf(dial(other.port, { remotes }))
    const connecting = connected(peer)
    const [bytes, { port }] = (await once(other.socket, 'message')) as [Buffer, AddressInfo]
    expect(String(bytes)).toBe('who?')
    other.socket.send('me', port, '127.0.0.1')
    expect(await next(await connecting)).toBe('me')
    expect(peer.connection?.confirmation).toEqual({ sent: 1, received: 1 })
    const second = connected(peer)
    peer.connection?.reject('not that one')
    expect((await second).confirmation).toBe(undefined)
  })

  it('R5 the exchange can be the program’s own', async () => {
    const { port } = await freePlace('127.0.0.1')
    const password = Buffer.from('sesame')
    const exchangeFor = () => {
      let heard = 'waiting' as 'waiting' | 'confirmed'
      const receive = (bytes: Uint8Array) => (heard = password.equals(bytes) ? 'confirmed' : 'waiting')
      return { request: password, receive, takeAnswers: () => (heard === 'confirmed' ? [password] : []) }
    }
    const [a, b] = [peerOf(wait(port), { exchangeFor }), peerOf(dial(port), { exchangeFor })]
    const [atA, atB] = await Promise.all([connected(a), connected(b)])
    expect([atA.confirmation, atB.confirmation]).toEqual([
      { sent: 1, received: 1 },
      { sent: 1, received: 1 },
    ])
  })

  it('R5 float: a confirmed peer may move, and the channel says where it is', async () => {
    const { port } = await freePlace('127.0.0.1')
    const box = await nat(port)
    const [a, b] = [peerOf(wait(port, { float: true })), peerOf(dial(box.port, { keepalive: { ping: 50 } }))]
    const [atA, atB] = await Promise.all([connected(a), connected(b)])
    const before = channelOf(atA).remote.port
    expect(before).toBe(box.seen())
    const moving = noted(a, 'attempt.moved')
    await box.rebind()
    expect((await moving).remote.port).toBe(box.seen())
    expect(channelOf(atA).remote.port).toBe(box.seen())
    expect(box.seen()).not.toBe(before)
    await say(atA, 'still there?')
    expect(await next(atB)).toBe('still there?')
  })

  it('R5 P1 without float nothing from elsewhere changes anything, and the peer is missed', async () => {
    const { port } = await freePlace('127.0.0.1')
    const box = await nat(port)
    const [a, b] = [
      peerOf(wait(port, { keepalive: { restart: 300 } })),
      peerOf(dial(box.port, { keepalive: { ping: 50 } })),
    ]
    const [atA] = await Promise.all([connected(a), connected(b)])
    const before = channelOf(atA).remote.port
    const losing = lost(a)
    // Each knows by then that the other has connected.
    await box.passes(5)
    await box.rebind()
    await box.passes(3)
    expect(channelOf(atA).remote.port).toBe(before)
    expect((await losing).code).toBe('PING_RESTART')
  })

  it('R5 keepalive: pings keep a silent path', async () => {
    const { port } = await freePlace('127.0.0.1')
    const box = await nat(port)
    const keepalive = { ping: 50, restart: 1_000 }
    const [a, b] = [peerOf(wait(port, { keepalive })), peerOf(dial(box.port, { keepalive }))]
    const [atA, atB] = await Promise.all([connected(a), connected(b)])
    await box.passes(30)
    expect([a.connection, b.connection]).toEqual([atA, atB])
  })

  it('R5 a socket that dies under a held path is bound again', async () => {
    const { port } = await freePlace('127.0.0.1')
    const spied = spy()
    const a = peerOf(wait(port), { inspect: spied.inspect })
    const b = peerOf(dial(port))
    await Promise.all([connected(a), connected(b)])
    const [gone, back] = [noted(a, 'listener.lost'), noted(a, 'listener.bound')]
    spied.handle(1).close()
    await gone
    expect((await back).local.port).toBe(port)
  })

  it('P2 TCP: whoever comes in between is refused, and has no part in the session', async () => {
    const place = await freePlace('127.0.0.1')
    const [a, b] = PAIRS['roles tcp'](place).map((config) => peerOf(config)) as [Peer, Peer]
    const [atA] = await Promise.all([connected(a), connected(b)])
    const refusal = noted(a, 'peer.refused')
    const surplus = once(connect(place.port, place.host), 'error')
    expect((await refusal).failure.code).toBe('ONE_SESSION')
    await surplus
    expect(a.connection).toBe(atA)
  })

  it('R5 says what could not be bound', async () => {
    const taken = await udp()
    const peer = peerOf(wait(taken.port))
    const [error] = (await once(peer, 'failed')) as [ListenError]
    expect(error.name).toBe('ListenError')
    expect(error.message).toContain(`udp 127.0.0.1:${taken.port}: `)
    expect(error.failure.code).toBe('EADDRINUSE')
    await peer.closed
  })

  it('gives up after connectRetryMax rounds with everything that happened', async () => {
    const silent = await udp()
    const remotes = [{ host: '127.0.0.1', port: silent.port, connectTimeout: 200 }]
    const peer = peerOf(dial(0, { remotes, connectRetryMax: 1 }))
    const [error] = (await once(peer, 'failed')) as [ConnectError]
    expect(error.name).toBe('ConnectError')
    expect(error.ledger).toMatchObject([{ outcome: 'failed', failure: { code: 'TIMEOUT', stage: 'confirm' } }])
  })

  it('throws for what is no configuration of a peer', () => {
    const refusal = (config: object) => {
      try {
        createPeer(config as PeerConfigInput)
      } catch (error) {
        return (error as ConfigError).issues.map(({ path, message }) => `${path}: ${message}`)
      }
      return []
    }
    expect(refusal({ remotes: [{ host: '127.0.0.1' }] })).toEqual([
      'mode: this is the configuration of a client: connect() takes it',
    ])
    expect(refusal({ mode: 'p2p', sockets: 'pinned', listen: {}, remotes: [] }).join()).toContain('pinned')
  })

  it('a listener that throws is the program’s error, and harms nothing of ours', async () => {
    const { port } = await freePlace('127.0.0.1')
    const others = process.rawListeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const thrown: string[] = []
    process.on('uncaughtException', (error) => thrown.push(error.message))
    try {
      const [a, b] = [peerOf(wait(port)), peerOf(dial(port))]
      const connecting = Promise.all([connected(a), connected(b)])
      for (const peer of [a, b])
        for (const event of ['note', 'connected'] as const)
          peer.on(event, () => {
            throw new Error(event)
          })
      const [atA, atB] = await connecting
      await say(atB, 'all the same')
      expect(await next(atA)).toBe('all the same')
      await Promise.all([a.close(), b.close()])
      await turns()
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const other of others) process.on('uncaughtException', other as () => void)
    }
    expect(new Set(thrown)).toEqual(new Set(['note', 'connected']))
  })
})

const pick = ({ host, port }: { readonly host: string; readonly port: number }) => ({ address: host, port })

describe('C1 an abort closes everything', () => {
  const cases: readonly (readonly [AnyNote['type'], 'both' | 'waits' | 'dials', keyof typeof PAIRS])[] = [
    ['listener.started', 'waits', 'roles udp'],
    ['listener.bound', 'waits', 'roles udp'],
    ['attempt.started', 'dials', 'roles udp'],
    ['attempt.opened', 'dials', 'roles udp'],
    ['attempt.connected', 'dials', 'roles udp'],
    ['backoff.started', 'dials', 'roles udp'],
    ['peer.met', 'both', 'roles udp'],
    ['attempt.confirmed', 'both', 'roles udp'],
    ['attempt.won', 'both', 'roles udp'],
    ['attempt.started', 'both', 'all'],
    ['attempt.won', 'both', 'all'],
    ['listener.bound', 'waits', 'roles tcp'],
    ['peer.met', 'both', 'roles tcp'],
    ['attempt.opened', 'both', 'roles tcp'],
    ['attempt.connected', 'both', 'roles tcp'],
    ['attempt.won', 'both', 'roles tcp'],
  ]
  it.each(cases)('when %s is told (%s, %s)', async (type, who, name) => {
    const [waits, dials] = PAIRS[name](await freePlace('127.0.0.1'), await freePlace('127.0.0.2'))
    await turns()
    const before = open()
    const abort = new AbortController()
    const patient = { connectTimeout: 50 }
    const both = [
      ...(who === 'dials' ? [] : [createPeer(waits, { signal: abort.signal })]),
      ...(who === 'waits' ? [] : [createPeer({ ...dials, ...patient }, { signal: abort.signal })]),
    ]
    for (const peer of both) peer.on('note', (note) => note.type === type && abort.abort())
    await Promise.all(both.map(({ closed }) => closed))
    await turns()
    expect(abort.signal.aborted).toBe(true)
    expect(open()).toEqual(before)
  })

  it('also before it has begun', async () => {
    const { port } = await freePlace('127.0.0.1')
    const notes: string[] = []
    const peer = createPeer(wait(port), { signal: AbortSignal.abort() })
    peer.on('note', ({ type }) => notes.push(type))
    await peer.closed
    expect(notes).toEqual(['peer.stopped'])
  })
})

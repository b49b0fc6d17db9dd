import { describe, expect, test } from 'vitest'
import { failure } from '../src/failure.ts'
import { ALICE, BOB, FakeGuest, LOCAL, at, harbour } from './harbour.ts'

const OTHER = at('[2001:db8::1]:443')

describe('binding', () => {
  test('the dock is asked for the transport of the block and the endpoint, and what comes of it is told', () => {
    const h = harbour({ blocks: ['udp'] })
    h.hear({ type: 'listener.bind', listener: 1, endpoint: LOCAL })
    h.hear({ type: 'listener.bind', listener: 2, endpoint: OTHER })
    expect(h.sockets.map(({ request }) => request)).toEqual([
      { listener: 1, transport: 'udp', endpoint: LOCAL },
      { listener: 2, transport: 'udp', endpoint: OTHER },
    ])
    expect(h.said()).toEqual([])
    h.socketOf(2).tell({ type: 'bound', local: OTHER })
    h.fails(1, 'EADDRINUSE')
    expect(h.said()).toEqual([
      { type: 'listener.bound', listener: 2, local: OTHER },
      { type: 'listener.failed', listener: 1, failure: failure('EADDRINUSE', 'bind') },
    ])
    expect([h.socketOf(1).log, h.socketOf(2).log]).toEqual([['0 close'], []])
    expect(h.left()).toEqual([1, 0, 0])
  })

  test('what becomes of several is told together; who is given up meanwhile keeps nobody waiting', () => {
    const h = harbour()
    for (const listener of [1, 2, 3]) h.hear({ type: 'listener.bind', listener, endpoint: LOCAL })
    h.socketOf(1).tell({ type: 'bound', local: LOCAL })
    h.fails(3, 'EADDRINUSE')
    expect(h.said()).toEqual([])
    h.hear({ type: 'listener.close', listener: 3 })
    h.hear({ type: 'listener.close', listener: 2 })
    expect(h.said()).toEqual([])
    h.clock.runUntilIdle()
    expect(h.said()).toEqual([{ type: 'listener.bound', listener: 1, local: LOCAL }])
    expect(h.left()).toEqual([1, 0, 0])
  })

  test('one that was bound and dies before the others are is told of first', () => {
    const h = harbour()
    for (const listener of [1, 2]) h.hear({ type: 'listener.bind', listener, endpoint: LOCAL })
    h.socketOf(1).tell({ type: 'bound', local: LOCAL })
    h.fails(1, 'ENETDOWN')
    expect(h.said().map(({ type }) => type)).toEqual(['listener.bound', 'listener.lost'])
    h.socketOf(2).tell({ type: 'bound', local: LOCAL })
    expect(h.said().map(({ type }) => type)).toEqual(['listener.bound', 'listener.lost', 'listener.bound'])
  })

  test('one that was bound and dies is lost, and is bound anew under its number', () => {
    const h = harbour()
    h.bind(1)
    h.fails(1, 'ENETDOWN')
    expect(h.left()).toEqual([0, 0, 0])
    h.bind(1)
    expect(h.said().map(({ type }) => type)).toEqual(['listener.bound', 'listener.lost', 'listener.bound'])
    expect(h.left()).toEqual([1, 0, 0])
  })

  test('to bind what is bound closes the socket before', () => {
    const h = harbour()
    h.bind(1)
    h.bind(1)
    expect(h.sockets.map(({ log }) => log)).toEqual([['0 close'], []])
    expect(h.left()).toEqual([1, 0, 0])
  })

  test('what an older socket still says is dropped, and whom it lets in is closed', () => {
    const h = harbour()
    h.bind(1)
    const [old] = h.sockets
    h.bind(1)
    const guest = new FakeGuest(ALICE)
    old?.tell({ type: 'bound', local: OTHER })
    old?.tell({ type: 'arrived', guest })
    old?.tell({ type: 'failed', failure: failure('ENETDOWN', 'bind') })
    expect(h.said().length).toBe(2)
    expect([guest.closes, h.notes, h.left()]).toEqual([1, [], [1, 0, 0]])
  })

  test('given up, it is closed and nothing is said; one that is not there is left alone', () => {
    const h = harbour()
    h.bind(1)
    h.hear({ type: 'listener.close', listener: 1 })
    h.hear({ type: 'listener.close', listener: 7 })
    expect([h.socketOf(1).log, h.said().length, h.left()]).toEqual([['0 close'], 1, [0, 0, 0]])
  })
})

describe('a shortage of this machine', () => {
  test('is tried again after 100 200 400 800 1600 ms, then failed', () => {
    const h = harbour()
    h.hear({ type: 'listener.bind', listener: 1, endpoint: LOCAL })
    const times: number[] = []
    for (let tries = 0; tries < 6; tries++) {
      times.push(h.clock.now())
      h.fails(1, 'EMFILE')
      if (tries < 5) expect([h.said(), h.left()]).toEqual([[], [0, 0, 1]])
      h.clock.runUntilIdle()
    }
    expect(times).toEqual([0, 100, 300, 700, 1500, 3100])
    expect(h.sockets.map(({ log }) => log.length)).toEqual([1, 1, 1, 1, 1, 1])
    expect(h.said()).toEqual([{ type: 'listener.failed', listener: 1, failure: failure('EMFILE', 'bind') }])
  })

  test('each listener has tries of its own', () => {
    const h = harbour()
    h.hear({ type: 'listener.bind', listener: 1, endpoint: LOCAL })
    h.hear({ type: 'listener.bind', listener: 2, endpoint: LOCAL })
    h.fails(1, 'EMFILE')
    h.clock.runUntil(50)
    h.fails(2, 'EMFILE')
    h.clock.runUntil(100)
    expect(h.sockets.map(({ request }) => request.listener)).toEqual([1, 2, 1])
    h.clock.runUntil(150)
    expect(h.sockets.map(({ request }) => request.listener)).toEqual([1, 2, 1, 2])
  })

  test('given up, drained or stopped in the pause, nothing is opened any more', () => {
    const ends = [
      (h: ReturnType<typeof harbour>) => h.hear({ type: 'listener.close', listener: 1 }),
      (h: ReturnType<typeof harbour>) => h.hear({ type: 'binder.drain' }),
      (h: ReturnType<typeof harbour>) => h.stop(),
    ]
    for (const end of ends) {
      const h = harbour()
      h.hear({ type: 'listener.bind', listener: 1, endpoint: LOCAL })
      h.fails(1, 'EMFILE')
      end(h)
      h.clock.runUntilIdle()
      expect([h.sockets.length, h.left()]).toEqual([1, [0, 0, 0]])
    }
  })

  test('of one that is bound is a loss like any other', () => {
    const h = harbour()
    h.bind(1)
    h.fails(1, 'ENOBUFS')
    expect(h.said().at(-1)?.type).toBe('listener.lost')
    expect(h.left()).toEqual([0, 0, 0])
  })
})

describe('draining', () => {
  test('V8 listeners are closed at once, clients may finish, and then it is drained', () => {
    const h = harbour()
    h.bind(1)
    h.bind(2)
    const [alice, bob] = [h.arrive(1), h.arrive(2, BOB)]
    h.hear({ type: 'binder.drain' })
    expect([h.socketOf(1).log, h.socketOf(2).log, alice.closes, bob.closes]).toEqual([['0 close'], ['0 close'], 0, 0])
    h.clock.runUntil(1000)
    alice.gone()
    h.clock.runUntil(2000)
    expect(h.said().length).toBe(2)
    bob.gone()
    expect(h.said().length).toBe(2)
    h.clock.runUntilIdle()
    expect(h.said().at(-1)).toEqual({ type: 'binder.drained' })
    expect(h.story().slice(2)).toEqual(['1000 1 closed', '2000 2 closed'])
    expect([alice.closes, bob.closes, h.left()]).toEqual([0, 0, [0, 0, 0]])
  })

  test('with nobody there it is drained at once, but says so later', () => {
    const h = harbour()
    h.bind(1)
    h.hear({ type: 'binder.drain' })
    expect(h.said().length).toBe(1)
    h.clock.runUntilIdle()
    expect([h.clock.now(), h.said().slice(1)]).toEqual([0, [{ type: 'binder.drained' }]])
  })

  test('it waits for clients of its own block only', () => {
    const h = harbour({ blocks: ['tcp', 'tcp'] })
    h.bind(1, 0)
    h.bind(2, 1)
    h.arrive(1)
    h.hear({ type: 'binder.drain' }, 1)
    h.clock.runUntilIdle()
    expect(h.said().at(-1)).toEqual({ type: 'binder.drained' })
    expect(h.left()).toEqual([1, 1, 0])
  })

  test('udp has no end to wait for: its peers are closed with its sockets, a lost one’s too', () => {
    const h = harbour({ blocks: ['udp'] })
    h.bind(1)
    h.bind(2)
    h.send(1)
    h.send(2)
    h.fails(2, 'ENETDOWN')
    h.hear({ type: 'binder.drain' })
    expect(h.story().slice(2)).toEqual(['0 1 closed', '0 2 closed'])
    h.clock.runUntilIdle()
    expect([h.said().at(-1), h.clock.now(), h.left()]).toEqual([{ type: 'binder.drained' }, 0, [0, 0, 0]])
  })

  test('V8 at the end of the grace whoever is left is dropped, and it is drained once', () => {
    const h = harbour({ blocks: ['tcp', 'tcp'] })
    h.bind(1, 0)
    h.bind(2, 1)
    const [alice, bob, other] = [h.arrive(1), h.arrive(1, BOB), h.arrive(2)]
    h.hear({ type: 'binder.drain' })
    bob.gone()
    h.clock.runUntil(30_000)
    h.hear({ type: 'binder.evict' })
    expect(h.said().length).toBe(2)
    h.clock.runUntilIdle()
    expect([alice.closes, bob.closes, other.closes]).toEqual([1, 0, 0])
    expect(h.story().slice(3)).toEqual(['0 2 closed', '30000 1 dropped GRACE'])
    expect(h.said().slice(2)).toEqual([{ type: 'binder.drained' }])
    alice.gone()
    h.clock.runUntilIdle()
    expect([h.said().length, h.story().length]).toEqual([3, 5])
  })

  test('a grace of nothing is drained once, too', () => {
    const h = harbour()
    h.bind(1)
    h.hear({ type: 'binder.drain' })
    h.hear({ type: 'binder.evict' })
    h.clock.runUntilIdle()
    expect(h.said().map(({ type }) => type)).toEqual(['listener.bound', 'binder.drained'])
  })

  test('an eviction without a drain closes the listeners, too', () => {
    const h = harbour()
    h.bind(1)
    const guest = h.arrive(1)
    h.hear({ type: 'binder.evict' })
    h.clock.runUntilIdle()
    expect([h.socketOf(1).log, guest.closes, h.said().at(-1)?.type]).toEqual([['0 close'], 1, 'binder.drained'])
  })
})

describe('stopping', () => {
  test('C2 everything is closed at once, without a word', () => {
    const h = harbour({ blocks: ['tcp', 'udp'], limits: { handWindow: 10_000 } })
    h.bind(1, 0)
    h.bind(2, 1)
    h.hear({ type: 'listener.bind', listener: 3, endpoint: LOCAL })
    const guest = h.arrive(1)
    h.send(2)
    const before = h.story().length
    h.stop()
    expect(h.sockets.map(({ log }) => log)).toEqual([['0 close'], ['0 close'], ['0 close']])
    guest.gone()
    expect([guest.closes, h.story().length, h.left()]).toEqual([1, before, [0, 0, 0]])
  })

  test('C2 while it drains, and between the last client and the word of it', () => {
    const h = harbour()
    h.bind(1)
    const guest = h.arrive(1)
    h.hear({ type: 'binder.drain' })
    h.stop()
    expect([guest.closes, h.left()]).toEqual([1, [0, 0, 0]])
    const other = harbour()
    other.hear({ type: 'binder.drain' })
    other.stop()
    expect([other.said(), other.left()]).toEqual([[], [0, 0, 0]])
  })

  test('C2 with peers of a listener that is lost', () => {
    const h = harbour({ blocks: ['udp'] })
    h.bind(1)
    h.send(1)
    h.fails(1, 'ENETDOWN')
    h.stop()
    expect(h.left()).toEqual([0, 0, 0])
  })
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ServerNote } from '../src/roster.ts'
import { ALICE, BOB, type FakeGuest, LOCAL, at, harbour } from './harbour.ts'

const CAROL = at('[2001:db8::3]:40000')

describe('tcp clients', () => {
  test('are let in, noted and handed over, each with a number of its own', () => {
    const h = harbour()
    h.bind(1)
    h.bind(2)
    const guest = h.arrive(1)
    h.clock.runUntil(20.5)
    h.arrive(2, CAROL)
    expect(h.connected).toEqual(['1 on 1 from 203.0.113.1:40000', '2 on 2 from [2001:db8::3]:40000'])
    h.clock.runUntil(40)
    guest.gone()
    expect(h.story()).toEqual([
      '0 1 accepted on 1 from 203.0.113.1:40000',
      '20 2 accepted on 2 from [2001:db8::3]:40000',
      '40 1 closed',
    ])
    expect([guest.closes, h.left()]).toEqual([0, [2, 1, 0]])
  })

  test('outlive their listener, given up or lost', () => {
    const h = harbour()
    h.bind(1)
    h.bind(2)
    const [alice, bob] = [h.arrive(1), h.arrive(2, BOB)]
    h.hear({ type: 'listener.close', listener: 1 })
    h.fails(2, 'ENETDOWN')
    expect([alice.closes, bob.closes, h.left()]).toEqual([0, 0, [0, 2, 0]])
    alice.gone()
    expect(h.story().slice(2)).toEqual(['0 1 closed'])
  })

  test('V3 beyond max-clients are closed, not handed over, counted and noted, until somebody goes', () => {
    const h = harbour({ blocks: ['tcp', 'udp'], limits: { maxClients: 2 } })
    h.bind(1, 0)
    h.bind(2, 1)
    const first = h.arrive(1)
    h.send(2)
    const second = h.arrive(1, BOB)
    h.send(2, BOB)
    h.send(2, BOB)
    h.send(2)
    expect([first.closes, second.closes]).toEqual([0, 1])
    first.gone()
    h.arrive(1, BOB)
    expect(h.story()).toEqual([
      '0 1 accepted on 1 from 203.0.113.1:40000',
      '0 2 accepted on 2 from 203.0.113.1:40000',
      '0 refused MAX_CLIENTS on 1 from 203.0.113.2:40000',
      '0 refused MAX_CLIENTS on 2 from 203.0.113.2:40000',
      '0 refused MAX_CLIENTS on 2 from 203.0.113.2:40000',
      '0 1 closed',
      '0 3 accepted on 1 from 203.0.113.2:40000',
    ])
    expect(h.connected.length).toBe(2)
    expect(h.messages.map(({ peer }) => peer)).toEqual([2, 2])
    expect(h.counters()).toEqual({ accepted: 3, live: 2, refused: 3, dropped: 0, closed: 1 })
  })

  test('V4 too fast, over all, or from one source', () => {
    const window = 1000
    const h = harbour({ limits: { connectFreq: { count: 2, window }, sourceFreq: { count: 1, window } } })
    h.bind(1)
    h.arrive(1)
    h.arrive(1)
    h.arrive(1, BOB)
    h.arrive(1, CAROL)
    h.clock.runUntil(1000)
    h.arrive(1)
    expect(h.story().map((line) => line.split(' ', 3).join(' '))).toEqual([
      '0 1 accepted',
      '0 refused SOURCE_FREQ',
      '0 2 accepted',
      '0 refused CONNECT_FREQ',
      '1000 3 accepted',
    ])
  })

  test('V5 whom the system itself turned away is counted and noted', () => {
    const h = harbour()
    h.bind(1)
    h.socketOf(1).tell({ type: 'turnedAway', from: CAROL })
    h.socketOf(1).tell({ type: 'turnedAway', from: undefined })
    expect(h.story()).toEqual([
      '0 refused FD_BUDGET on 1 from [2001:db8::3]:40000',
      '0 refused FD_BUDGET on 1 from null',
    ])
    expect(h.counters().refused).toBe(2)
    expect(h.notes.at(-1)).toMatchObject({ remote: null, failure: { code: 'FD_BUDGET', stage: 'accept' } })
  })
})

describe('tcp clients that have sent nothing', () => {
  test('beyond max-pending: the oldest is dropped, wherever it came from; who has spoken is in nobody’s way', () => {
    const h = harbour({ blocks: ['tcp', 'tcp'], limits: { maxPending: 2 } })
    h.bind(1, 0)
    h.bind(2, 1)
    const guests = [h.arrive(1), h.arrive(1), h.arrive(2)]
    expect(h.story().at(-1)).toBe('0 1 dropped MAX_PENDING')
    guests[2]!.spoken = true
    guests.push(h.arrive(2))
    expect(h.story().length).toBe(5)
    guests.push(h.arrive(2))
    expect(h.story().slice(5)).toEqual(['0 5 accepted on 2 from 203.0.113.1:40000', '0 2 dropped MAX_PENDING'])
    expect(guests.map(({ closes }) => closes)).toEqual([1, 1, 0, 0, 0])
    expect(h.connected.length).toBe(5)
    guests[0]!.gone()
    expect([h.story().length, h.left()]).toEqual([7, [2, 3, 0]])
  })

  test('who goes makes room', () => {
    const h = harbour({ limits: { maxPending: 1 } })
    h.bind(1)
    h.arrive(1).gone()
    const second = h.arrive(1)
    expect(second.closes).toBe(0)
    h.arrive(1)
    expect(second.closes).toBe(1)
  })

  test('V7 are dropped when the hand-window has passed, exactly then; others never', () => {
    const h = harbour({ limits: { handWindow: 10_000 } })
    h.bind(1)
    const silent = h.arrive(1)
    h.clock.runUntil(4_000)
    const speaker = h.arrive(1, BOB)
    h.clock.runUntil(5_000)
    const late = h.arrive(1, CAROL)
    expect(h.left()).toEqual([1, 3, 1])
    h.clock.runUntil(9_999)
    speaker.spoken = true
    expect(silent.closes).toBe(0)
    h.clock.runUntilIdle()
    expect(h.story().slice(3)).toEqual(['10000 1 dropped HAND_WINDOW', '15000 3 dropped HAND_WINDOW'])
    expect([silent.closes, speaker.closes, late.closes]).toEqual([1, 0, 1])
    expect(h.left()).toEqual([1, 1, 0])
  })

  test('are 100 at most with a hand-window, if max-pending says nothing else, and without limit without either', () => {
    const drops = (limits: object) => {
      const h = harbour({ limits })
      h.bind(1)
      for (let n = 0; n < 103; n++) h.arrive(1)
      return h.counters().dropped
    }
    expect([drops({ handWindow: 1000 }), drops({ handWindow: 1000, maxPending: 102 }), drops({})]).toEqual([3, 1, 0])
  })
})

describe('udp peers', () => {
  test('are clients from their first datagram; every datagram is handed over', () => {
    const h = harbour({ blocks: ['udp'] })
    h.bind(1)
    h.send(1, ALICE, 3)
    h.send(1, ALICE, 4)
    h.send(1, BOB, 5)
    expect(h.story()).toEqual(['0 1 accepted on 1 from 203.0.113.1:40000', '0 2 accepted on 1 from 203.0.113.2:40000'])
    expect(h.messages.map(({ peer, listener, remote, bytes }) => [peer, listener, remote, bytes.length])).toEqual([
      [1, 1, ALICE, 3],
      [1, 1, ALICE, 4],
      [2, 1, BOB, 5],
    ])
  })

  test('U4 are told apart by listener, address and port', () => {
    const h = harbour({ blocks: ['udp', 'udp'] })
    h.bind(1, 0)
    h.bind(2, 0)
    h.bind(3, 1)
    for (const listener of [1, 2, 3]) h.send(listener)
    h.send(1, { ...ALICE, port: 40001 })
    h.send(1, BOB)
    for (const listener of [1, 2, 3]) h.send(listener)
    expect(h.messages.map(({ peer }) => peer)).toEqual([1, 2, 3, 4, 5, 1, 2, 3])
  })

  test('are closed when they were not heard for 60 s, exactly then, with one timer for all', () => {
    const h = harbour({ blocks: ['udp', 'udp'], limits: { maxClients: 2 } })
    h.bind(1, 0)
    h.bind(2, 1)
    h.send(1)
    h.clock.runUntil(10_000)
    h.send(2, BOB)
    h.clock.runUntil(59_999)
    h.send(1)
    expect(h.clock.timers).toBe(1)
    h.clock.runUntil(70_000)
    h.send(2, BOB)
    h.clock.runUntilIdle()
    expect(h.story().slice(2)).toEqual([
      '70000 2 closed',
      '70000 3 accepted on 2 from 203.0.113.2:40000',
      '119999 1 closed',
      '130000 3 closed',
    ])
    expect(h.left()).toEqual([2, 0, 0])
  })

  test('stay when their listener is lost, and are known when it is back', () => {
    const h = harbour({ blocks: ['udp'] })
    h.bind(1)
    h.send(1)
    h.fails(1, 'ENETDOWN')
    h.bind(1)
    h.send(1)
    expect(h.messages.map(({ peer }) => peer)).toEqual([1, 1])
  })

  test('are closed with a listener that is given up, and only those', () => {
    const h = harbour({ blocks: ['udp'] })
    h.bind(1)
    h.bind(2)
    h.send(1)
    h.send(2)
    h.hear({ type: 'listener.close', listener: 1 })
    expect(h.story().slice(2)).toEqual(['0 1 closed'])
    h.send(2)
    expect(h.messages.at(-1)?.peer).toBe(2)
  })
})

describe('a reply', () => {
  const asked = (amplificationLimit: boolean, size = 10) => {
    const h = harbour({ blocks: ['udp'], limits: { amplificationLimit } })
    h.bind(1)
    h.send(1, ALICE, size)
    return { h, reply: (length: number) => h.messages[0]!.reply(new Uint8Array(length)) }
  }

  test('leaves from the very listener, to the peer', () => {
    const { h, reply } = asked(false)
    h.bind(2)
    expect([reply(1), reply(5000)]).toEqual([true, true])
    expect(h.socketOf(1).log).toEqual(['0 send 1 to 203.0.113.1:40000', '0 send 5000 to 203.0.113.1:40000'])
    expect(h.socketOf(2).log).toEqual([])
  })

  test('with amplification-limit all replies together are no larger than the message, headers included', () => {
    const { h, reply } = asked(true, 20)
    expect([reply(21), reply(5), reply(8), reply(7), reply(0)]).toEqual([false, true, false, true, false])
    expect(h.socketOf(1).log.length).toBe(2)
    h.send(1, ALICE, 1)
    expect(h.messages[1]?.reply(new Uint8Array(1))).toBe(true)
  })

  test('to an empty message is empty, and one', () => {
    const { reply } = asked(true, 0)
    expect([reply(1), reply(0), reply(0)]).toEqual([false, true, false])
  })

  test('is not sent when the listener is lost or not bound yet, and leaves from it when it is bound again', () => {
    const { h, reply } = asked(false)
    h.fails(1, 'ENETDOWN')
    expect(reply(1)).toBe(false)
    h.hear({ type: 'listener.bind', listener: 1, endpoint: LOCAL })
    expect(reply(1)).toBe(false)
    h.socketOf(1).tell({ type: 'bound', local: LOCAL })
    expect(reply(1)).toBe(true)
    expect(h.sockets.map(({ log }) => log)).toEqual([['0 close'], ['0 send 1 to 203.0.113.1:40000']])
  })

  test('that could not be sent uses nothing up', () => {
    const { h, reply } = asked(true, 10)
    h.fails(1, 'ENETDOWN')
    expect(reply(10)).toBe(false)
    h.bind(1)
    expect(reply(10)).toBe(true)
  })

  test.each([
    ['given up', (h: ReturnType<typeof harbour>) => h.hear({ type: 'listener.close', listener: 1 })],
    ['drained', (h: ReturnType<typeof harbour>) => h.hear({ type: 'binder.drain' })],
    ['stopped', (h: ReturnType<typeof harbour>) => h.stop()],
  ] as const)('is not sent when the listener is %s', (_, end) => {
    const { h, reply } = asked(false)
    end(h)
    expect(reply(1)).toBe(false)
    expect(h.socketOf(1).log).toEqual(['0 close'])
  })
})

describe('the host', () => {
  const fault = () => {
    throw new Error('the host’s own fault')
  }

  test('is asked for its reception once for all blocks', () => {
    expect(harbour({ blocks: ['tcp', 'udp', 'tcp'] }).receptions()).toBe(1)
  })

  test('V6 that throws breaks nothing: whoever came is a client, and goes as one', () => {
    const h = harbour({ blocks: ['tcp', 'udp'], limits: { maxPending: 1 }, connected: fault, heard: fault })
    h.bind(1, 0)
    h.bind(2, 1)
    expect(() => h.arrive(1)).toThrow('own fault')
    expect(() => h.arrive(1)).toThrow('own fault')
    expect(() => h.send(2)).toThrow('own fault')
    expect(h.counters()).toEqual({ accepted: 3, live: 2, refused: 0, dropped: 1, closed: 0 })
    h.clock.runUntilIdle()
    expect(h.counters()).toEqual({ accepted: 3, live: 1, refused: 0, dropped: 1, closed: 1 })
    h.stop()
    expect(h.left()).toEqual([0, 0, 0])
  })

  test('that stops the server when it hears of a client is not handed that client', () => {
    const stopping = () => {
      const h = harbour({
        blocks: ['tcp', 'udp'],
        limits: { handWindow: 1000 },
        noted: ({ type }: ServerNote) => type === 'peer.accepted' && h.stop(),
      })
      h.bind(1, 0)
      h.bind(2, 1)
      return h
    }
    const [tcp, udp] = [stopping(), stopping()]
    const guest = tcp.arrive(1)
    expect([guest.closes, tcp.connected, tcp.left()]).toEqual([1, [], [0, 0, 0]])
    udp.send(2)
    expect([udp.messages, udp.left()]).toEqual([[], [0, 0, 0]])
  })
})

describe('properties', () => {
  const WINDOW = 2_000
  const SOURCES = [ALICE, BOB, CAROL, at('[2001:db8::4]:40001')]
  const rate = (max: number) => fc.record({ count: fc.integer({ min: 1, max }), window: fc.constant(WINDOW) })
  const someLimits = fc.record(
    {
      maxClients: fc.integer({ min: 1, max: 8 }),
      maxPending: fc.integer({ min: 1, max: 3 }),
      handWindow: fc.integer({ min: 1, max: 9_000 }),
      connectFreq: rate(6),
      sourceFreq: rate(3),
    },
    { requiredKeys: ['maxClients'] },
  )
  const step = fc.record({
    what: fc.constantFrom('arrive', 'arrive', 'send', 'send', 'speak', 'go', 'wait', 'wait', 'wait long'),
    n: fc.nat(2_000),
  })

  test('V3 V4 V7 whatever comes, says something, falls silent or goes: no limit is passed, and the sum is right', () => {
    fc.assert(
      fc.property(someLimits, fc.array(step, { maxLength: 80, size: 'max' }), (limits, script) => {
        const h = harbour({ blocks: ['tcp', 'tcp', 'udp'], limits })
        for (const listener of [1, 2, 3]) h.bind(listener, listener - 1)
        const guests: { readonly guest: FakeGuest; readonly since: number; isGone: boolean }[] = []
        const heard = new Map<number, number>()
        const source = (n: number) => n % SOURCES.length
        const play = {
          arrive: (n: number) => {
            const guest = h.arrive(1 + (n % 2), SOURCES[source(n)])
            guests.push({ guest, since: h.clock.now(), isGone: false })
          },
          send: (n: number) => {
            const before = h.messages.length
            h.send(3, SOURCES[source(n)])
            if (h.messages.length > before) heard.set(source(n), h.clock.now())
          },
          speak: (n: number) => {
            const one = guests[n % guests.length]
            if (one) one.guest.spoken = true
          },
          go: (n: number) => {
            const one = guests[n % guests.length]
            if (!one || one.isGone) return
            one.isGone = true
            one.guest.gone()
          },
          wait: (n: number) => h.clock.runUntil(h.clock.now() + n),
          'wait long': (n: number) => h.clock.runUntil(h.clock.now() + 20 * n),
        }
        for (const { what, n } of script) {
          play[what](n)
          const now = h.clock.now()
          const live = guests.filter(({ guest, isGone }) => guest.closes === 0 && !isGone)
          const silent = live.filter(({ guest }) => !guest.spoken)
          const peers = [...heard.values()].filter((time) => now - time < 60_000)
          const { accepted, closed, dropped, ...counted } = h.counters()
          expect(counted.live).toBe(live.length + peers.length)
          expect(accepted).toBe(counted.live + closed + dropped)
          expect(counted.live).toBeLessThanOrEqual(limits.maxClients)
          expect(silent.length).toBeLessThanOrEqual(limits.maxPending ?? Infinity)
          for (const { since } of silent) expect(now - since).toBeLessThan(limits.handWindow ?? Infinity)
          expect(h.left()[1]).toBe(live.length)
        }
        const isWithin = (notes: readonly ServerNote[], count = Infinity) =>
          notes.every((note, n) => note.at - (notes[n - count]?.at ?? -Infinity) >= WINDOW)
        const accepted = h.notes.filter((note) => note.type === 'peer.accepted')
        expect(isWithin(accepted, limits.connectFreq?.count)).toBe(true)
        for (const { address } of SOURCES) {
          const own = accepted.filter(({ remote }) => remote.address === address)
          expect(isWithin(own, limits.sourceFreq?.count)).toBe(true)
        }
        h.stop()
        expect(h.left()).toEqual([0, 0, 0])
        expect(guests.every(({ guest, isGone }) => isGone || guest.closes === 1)).toBe(true)
      }),
    )
  })
})

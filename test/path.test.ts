import { type Exchange, anyReply } from '../src/confirmation.ts'
import { describe, expect, test } from 'vitest'
import type { Refused } from '../src/dock.ts'
import { failure } from '../src/failure.ts'
import { type Identity, Meeting, readGreeting } from '../src/meeting.ts'
import { type Carrier, type Keepalive, Path } from '../src/path.ts'
import { hash } from '../src/seed.ts'
import { HeapClock } from '../src/sim/clock.ts'
import type { WireEvent } from '../src/wire.ts'
import { at } from './machines/peer-stage.ts'

const LOCAL = at('198.51.100.1:1194')
const REMOTE = at('203.0.113.1:1194')
const ELSEWHERE = at('203.0.113.9:4000')

function identity(first: number): Identity {
  const cookieFor = (path: string) => Uint8Array.from({ length: 8 }, (_, i) => hash(first, path, i) & 255)
  return { id: Uint8Array.of(first, 0, 0, 0, 0, 0, 0, 1), passive: false, cookieFor }
}

/** A path that the test plays the other end of. `first`: of its instance id; the peer's is 5. */
function bench({
  keepalive = {},
  first = 9,
  confirms = true,
  exchange,
}: { keepalive?: Keepalive; first?: number; confirms?: boolean; exchange?: Exchange } = {}) {
  const clock = new HeapClock()
  const told: WireEvent[] = []
  const sent: string[] = []
  const inbox: (string | number)[] = []
  let closed = 0
  let carrier: Carrier | undefined
  let isOpen = true
  const meeting = confirms ? new Meeting(identity(first), 'path', 'udp') : undefined
  const peer = new Meeting(identity(5), 'back', 'udp')
  const path = new Path(REMOTE, {
    clock,
    keepalive,
    exchange: exchange ?? meeting,
    feedFor: (made) => {
      carrier = made
      return {
        handle: 'handle',
        deliver: (bytes) => inbox.push(...bytes),
        end: (cause) => inbox.push(cause?.code ?? 'end'),
      }
    },
    tell: (event) => told.push(event),
    closed: () => closed++,
  })
  const send = (name: string) => (bytes: Uint8Array, to: { readonly address: string }) => {
    if (isOpen)
      sent.push(`${clock.now()} ${name} ${readGreeting(bytes) ? 'greeting' : [...bytes].join()} to ${to.address}`)
    return isOpen
  }
  /** The exchange, by the dialer's hand. */
  const meet = () => {
    for (let i = 0; i < 3; i++) {
      meeting?.receive(peer.request)
      if (meeting) peer.receive(meeting.request)
    }
    meeting?.takeAnswers()
    peer.takeAnswers()
  }
  return {
    clock,
    told,
    sent,
    inbox,
    path,
    peer,
    meet,
    meeting,
    closed: () => closed,
    carrier: () => carrier!,
    shut: () => (isOpen = false),
    send,
    connect: () => path.connect({ local: LOCAL, send: send('a') }),
    /** Connected, met and accepted. */
    hold: () => {
      path.connect({ local: LOCAL, send: send('a') })
      meet()
      path.accept(false, [])
    },
    lines: () => sent.splice(0),
  }
}

describe('R5 a path that is tried', () => {
  test('says that it is open and connected, and gives what it hears to who judges it', () => {
    const b = bench()
    expect(b.path.handle).toBeUndefined()
    b.connect()
    expect(b.told).toEqual([
      { type: 'opened', local: LOCAL },
      { type: 'connected', local: LOCAL },
    ])
    b.path.hear(Uint8Array.of(1))
    expect(b.told.at(-1)).toEqual({ type: 'received', bytes: Uint8Array.of(1) })
    expect([b.inbox, b.path.handle, b.path.peer]).toEqual([[], 'handle', undefined])
  })

  test('is judged by another exchange than ours just so; then every datagram is the program’s', () => {
    const b = bench({ exchange: anyReply(Uint8Array.of(9)) })
    b.connect()
    b.path.hear(Uint8Array.of(1))
    expect([b.told.at(-1), b.inbox]).toEqual([{ type: 'received', bytes: Uint8Array.of(1) }, []])
    b.path.accept(false, [Uint8Array.of(1)])
    b.path.hear(b.peer.request)
    expect(b.inbox).toEqual([1, ...b.peer.request])
  })

  test('what the system refuses is told; where the peer cannot be reached at all, it fails', () => {
    const b = bench()
    const refusals: Refused[] = []
    b.path.connect({ local: LOCAL, send: (_bytes, _to, refused) => refusals.push(refused!) > 0 })
    const told: string[] = []
    b.carrier().send(Uint8Array.of(1), ({ code }) => told.push(code))
    refusals[0]!(failure('EMSGSIZE', 'connected'))
    expect([told, b.closed()]).toEqual([['EMSGSIZE'], 0])
    b.path.send(Uint8Array.of(2))
    refusals[1]!(failure('ENETUNREACH', 'connected'))
    expect([b.told.at(-1), b.closed()]).toMatchObject([{ type: 'failed', failure: { code: 'ENETUNREACH' } }, 1])
  })

  test('is proven when its meeting is', () => {
    const b = bench()
    b.connect()
    expect(b.path.isProven).toBe(false)
    b.meet()
    expect(b.path.isProven).toBe(true)
    b.path.accept(false, [])
    expect(b.path.isProven).toBe(false)
  })

  test('closed before it connects, it does not', () => {
    const b = bench()
    b.path.close()
    b.connect()
    expect([b.told, b.closed()]).toEqual([[], 1])
  })

  test('closed by who hears that it is open, it says no more', () => {
    const b = bench()
    b.told.push = (...events) => {
      b.path.close()
      return Array.prototype.push.apply(b.told, events)
    }
    b.connect()
    expect(b.told.map(({ type }) => type)).toEqual(['opened'])
  })

  test('closes once, and silently', () => {
    const b = bench()
    b.connect()
    b.path.close()
    b.path.close()
    b.path.fail(failure('EIO', 'open'))
    expect([b.closed(), b.inbox, b.told.length, b.carrier().send(Uint8Array.of(1))]).toEqual([1, ['end'], 2, false])
  })

  test('fails at the stage that it is at', () => {
    const b = bench()
    b.connect()
    b.path.fail(failure('EIO', 'bind', 'broken'))
    expect(b.told.at(-1)).toEqual({ type: 'failed', failure: { code: 'EIO', stage: 'open', message: 'broken' } })
    expect([b.inbox, b.closed()]).toEqual([['EIO'], 1])
  })
})

describe('R5 a path that is held', () => {
  test('is the program’s: what came early first, then what comes, and what it sends', () => {
    const b = bench()
    b.connect()
    b.meet()
    b.path.accept(false, [Uint8Array.of(1), Uint8Array.of(2)])
    b.path.hear(Uint8Array.of(3))
    expect(b.inbox).toEqual([1, 2, 3])
    expect(b.carrier().send(Uint8Array.of(4))).toBe(true)
    b.path.send(Uint8Array.of(5))
    expect(b.sent).toEqual(['0 a 4 to 203.0.113.1', '0 a 5 to 203.0.113.1'])
    expect([b.carrier().local, b.carrier().remote, b.path.peer]).toEqual([LOCAL, REMOTE, identity(5).id])
  })

  test('answers the greetings of the peer, which the program does not see', () => {
    const b = bench()
    b.hold()
    b.path.hear(b.peer.request)
    expect([b.inbox, b.lines()]).toEqual([[], ['0 a greeting to 203.0.113.1']])
  })

  test('closed by the program it is lost', () => {
    const b = bench()
    b.hold()
    b.carrier().close()
    expect(b.told.at(-1)).toMatchObject({ type: 'failed', failure: { code: 'LOCAL_CLOSE', stage: 'connected' } })
    expect([b.closed(), b.clock.timers]).toEqual([1, 0])
  })

  test('a packet that only claims to be of a peer that started anew is answered, and changes nothing', () => {
    const b = bench()
    b.hold()
    b.path.hear(new Meeting(identity(77), 'back', 'udp').request)
    expect([b.told.length, b.lines().length]).toEqual([2, 1])
  })

  test('a peer that has started anew, and proves it, ends it', () => {
    const b = bench()
    b.hold()
    const anew = new Meeting(identity(77), 'back', 'udp')
    anew.receive(b.meeting!.request)
    b.path.hear(anew.request)
    expect(b.told.at(-1)).toMatchObject({ type: 'failed', failure: { code: 'PEER_RESTARTED', stage: 'connected' } })
    expect(b.inbox).toEqual(['PEER_RESTARTED'])
  })

  test('that comes back to ourselves is no peer', () => {
    const b = bench()
    b.hold()
    const mirror = new Meeting(identity(9), 'back', 'udp')
    mirror.receive(b.meeting!.request)
    b.path.hear(mirror.request)
    expect(b.told.at(-1)).toMatchObject({ type: 'failed', failure: { code: 'SELF_CONNECT' } })
  })

  test('moves with its peer, over another socket too, and says so', () => {
    const b = bench()
    b.hold()
    b.path.move(ELSEWHERE, b.send('b'))
    b.path.send(Uint8Array.of(1))
    expect(b.told.at(-1)).toEqual({ type: 'moved', remote: ELSEWHERE })
    expect([b.lines(), b.carrier().remote]).toEqual([['0 b 1 to 203.0.113.9'], ELSEWHERE])
  })

  test('whose socket is gone for good is lost, a moment later; who closes it first hears nothing', () => {
    const b = bench()
    b.hold()
    b.path.orphan()
    expect(b.told.length).toBe(2)
    b.clock.runUntilIdle()
    expect(b.told.at(-1)).toMatchObject({ type: 'failed', failure: { code: 'LISTENER_LOST', stage: 'connected' } })
    const other = bench()
    other.hold()
    other.path.orphan()
    other.path.close()
    expect([other.told.length, other.clock.timers]).toEqual([2, 0])
  })
})

describe('R5 until the peer is known to have connected too', () => {
  test('it is greeted every 100 ms, and no longer', () => {
    const b = bench({ first: 2 })
    b.connect()
    // Nominated, and nothing heard of it since.
    b.peer.receive(b.meeting!.request)
    b.meeting!.receive(b.peer.request)
    b.peer.receive(b.meeting!.request)
    expect(b.meeting!.receive(b.peer.request)).toBe('confirmed')
    b.path.accept(false, [])
    b.clock.runUntil(250)
    expect(b.lines()).toEqual([0, 100, 200].map((ms) => `${ms} a greeting to 203.0.113.1`))
    b.peer.receive(b.meeting!.request)
    b.path.hear(b.peer.request)
    b.lines()
    b.clock.runUntil(10_000)
    expect([b.lines(), b.clock.timers]).toEqual([[], 0])
  })

  test('and when it never comes, the path is lost after 8 s', () => {
    const b = bench({ first: 2 })
    b.connect()
    b.peer.receive(b.meeting!.request)
    b.meeting!.receive(b.peer.request)
    b.peer.receive(b.meeting!.request)
    b.meeting!.receive(b.peer.request)
    b.path.accept(false, [])
    b.clock.runUntil(7_999)
    expect(b.lines().length).toBe(80)
    expect(b.told.length).toBe(2)
    b.clock.runUntil(8_000)
    expect(b.told.at(-1)).toMatchObject({ type: 'failed', failure: { code: 'TIMEOUT', stage: 'connected' } })
    expect(b.clock.timers).toBe(0)
  })
})

describe('keepalive', () => {
  test('ping: something is sent at least so often, and what the program sends counts', () => {
    const b = bench({ keepalive: { ping: 1_000 } })
    b.hold()
    b.clock.runUntil(1_600)
    b.path.send(Uint8Array.of(1))
    b.clock.runUntil(3_700)
    expect(b.lines()).toEqual([
      '1000 a greeting to 203.0.113.1',
      '1600 a 1 to 203.0.113.1',
      '2600 a greeting to 203.0.113.1',
      '3600 a greeting to 203.0.113.1',
    ])
  })

  test('restart: who was not heard for so long is lost, in that very instant', () => {
    const b = bench({ keepalive: { restart: 1_000 } })
    b.hold()
    b.clock.runUntil(700)
    b.path.hear(Uint8Array.of(1))
    b.clock.runUntil(1_699)
    expect(b.told.length).toBe(2)
    b.clock.runUntil(1_700)
    expect(b.told.at(-1)).toMatchObject({ type: 'failed', failure: { code: 'PING_RESTART' } })
    expect([b.lines(), b.clock.timers]).toEqual([[], 0])
  })

  test('both: one timer', () => {
    const b = bench({ keepalive: { ping: 400, restart: 1_000 } })
    b.hold()
    expect(b.clock.timers).toBe(1)
    b.clock.runUntil(1_000)
    expect(b.lines().map((line) => line.split(' ')[0])).toEqual(['400', '800'])
    expect(b.told.at(-1)).toMatchObject({ failure: { code: 'PING_RESTART' } })
  })

  test('without a confirmation nothing of ours is sent, and every datagram is the program’s', () => {
    const b = bench({ confirms: false, keepalive: { ping: 100, restart: 1_000 } })
    b.connect()
    b.path.accept(false, [])
    b.path.hear(b.peer.request)
    expect(b.inbox.length).toBe(32)
    b.clock.runUntil(2_000)
    expect([b.lines(), b.path.peer]).toEqual([[], undefined])
    expect(b.told.at(-1)).toMatchObject({ failure: { code: 'PING_RESTART' } })
  })

  test('a socket that is gone for a moment loses what is sent, and the path goes on', () => {
    const b = bench()
    b.hold()
    b.shut()
    expect(b.carrier().send(Uint8Array.of(1))).toBe(false)
    expect(b.told.length).toBe(2)
  })
})

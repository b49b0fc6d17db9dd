import { describe, expect, test } from 'vitest'
import type { House, PeerNote } from '../src/acceptor.ts'
import type { Candidate } from '../src/candidate.ts'
import type { DockEvent, Guest } from '../src/dock.ts'
import { type Endpoint, formatEndpoint } from '../src/endpoint.ts'
import { failure } from '../src/failure.ts'
import { Junction, type Meet, type Surroundings } from '../src/junction.ts'
import { type Identity, Meeting, PACKET_BYTES, probe, readGreeting } from '../src/meeting.ts'
import { hash } from '../src/seed.ts'
import { HeapClock } from '../src/sim/clock.ts'
import type { WireEvent } from '../src/wire.ts'
import { at } from './machines/peer-stage.ts'

const PEER = at('203.0.113.1:1194')
const PEER6 = at('[2001:db8:b::1]:1194')
const ELSEWHERE = at('203.0.113.9:4000')
const FOUR = at('198.51.100.1:1194')
const OTHER_FOUR = at('198.51.100.2:1194')
const SIX = at('[2001:db8:a::1]:1194')

function identity(first: number, passive = false): Identity {
  const cookieFor = (path: string) => Uint8Array.from({ length: 8 }, (_, i) => hash(first, path, i) & 255)
  return { id: Uint8Array.of(first, 0, 0, 0, 0, 0, 0, 1), passive, cookieFor }
}

const candidateAt = (endpoint: Endpoint, transport: 'tcp' | 'udp' = 'udp'): Candidate => {
  return { remote: 0, transport, ...endpoint, hops: [] }
}

/** A junction in a house that the test is, with listeners 1 at `FOUR` and 2 at `SIX`. */
function bench(around: Partial<Surroundings> = {}, locals: readonly Endpoint[] = [FOUR, SIX]) {
  const clock = new HeapClock()
  const sent: { readonly by: string; readonly to: Endpoint; readonly bytes: Uint8Array }[] = []
  const notes: PeerNote[] = []
  const meets: string[] = []
  const docked: { tell: (event: DockEvent) => void; isOpen: boolean; endpoint: Endpoint }[] = []
  const dialled: string[] = []
  const inbox: (number | string)[] = []
  const house: House = {
    clients: new Set(),
    peers: new Map(),
    emit: (note) => notes.push(note),
    send: (listener, bytes, to) => sent.push({ by: `${listener}`, to, bytes }) > 0,
    emptied: () => {},
  }
  const junction = new Junction({
    clock,
    identity: identity(5),
    keepalive: {},
    float: false,
    trustsFirst: false,
    dock: {
      open: ({ endpoint }, tell) => {
        const socket = { tell, isOpen: true, endpoint }
        docked.push(socket)
        return {
          handle: socket,
          send: (bytes, to) => void sent.push({ by: 'own', to, bytes }),
          close: () => void (socket.isOpen = false),
        }
      },
    },
    wire: {
      open: ({ remote }) => {
        dialled.push(formatEndpoint(remote))
        return { handle: undefined, send: () => {}, accept: () => {}, close: () => {} }
      },
    },
    feedFor: () => {
      return { handle: {}, deliver: (bytes) => inbox.push(...bytes), end: (cause) => inbox.push(cause?.code ?? 'end') }
    },
    exchangeFor: () => undefined,
    ...around,
  })
  const stopGreeting = junction.greet((meet: Meet) => meets.push(`${meet.transport} ${formatEndpoint(meet.remote)}`))
  for (const [index, local] of locals.entries()) junction.bound(house, index + 1, local)

  /** What a dialer would open. */
  const open = (remote: Endpoint, transport: 'tcp' | 'udp' = 'udp', kind: 'peer' | 'none' = 'peer') => {
    const told: WireEvent[] = []
    const exchange = junction.exchangeFor({ kind }, candidateAt(remote, transport)) as Meeting | undefined
    const { family } = remote
    const request = { attempt: 1, transport, family, remote, reads: true, exchange }
    return { told, exchange, path: junction.wire.open(request, (event) => told.push(event)) }
  }
  const hear = (from: Endpoint, bytes: Uint8Array, listener = 1) => junction.heard(house, listener, from, bytes)
  return { clock, sent, notes, meets, docked, dialled, inbox, house, junction, stopGreeting, open, hear }
}

/** Somebody out there, who has heard what was said last and now greets. */
function caller(first: number, passive = false) {
  const meeting = new Meeting(identity(first, passive), 'there', 'udp')
  return {
    meeting,
    /** Greets, is answered, and greets again: that is proof. */
    prove: (b: ReturnType<typeof bench>, from: Endpoint, listener = 1) => {
      b.hear(from, meeting.request, listener)
      meeting.receive(b.sent.at(-1)!.bytes)
      b.hear(from, meeting.request, listener)
    },
  }
}

describe('strangers', () => {
  test('a greeting is answered from where it came to, and is met only when it proves itself', () => {
    const b = bench()
    const { meeting } = caller(9)
    b.hear(PEER6, meeting.request, 2)
    expect(b.sent.map(({ by, to, bytes }) => [by, to, bytes.length])).toEqual([['2', PEER6, PACKET_BYTES]])
    expect(b.meets).toEqual([])
    meeting.receive(b.sent[0]!.bytes)
    b.hear(PEER6, meeting.request, 2)
    expect(b.meets).toEqual(['udp [2001:db8:b::1]:1194'])
    expect(b.junction.strangers).toBe(2)
  })

  test('R5 P1 a proof of one path is none of another: replayed from elsewhere, or to another socket, it is only answered', () => {
    const b = bench({}, [FOUR, OTHER_FOUR])
    const { meeting } = caller(9)
    b.hear(PEER, meeting.request)
    meeting.receive(b.sent[0]!.bytes)
    b.hear(ELSEWHERE, meeting.request)
    b.hear(PEER, meeting.request, 2)
    expect(b.meets).toEqual([])
    expect(b.sent.length).toBe(3)
  })

  test('whatever is not ours is counted and dropped', () => {
    const b = bench()
    b.hear(PEER, Uint8Array.of(1, 2, 3))
    expect([b.sent, b.meets, b.junction.strangers]).toEqual([[], [], 1])
  })

  test('a flood of 65,536 of them leaves nothing behind, and is not answered with more than it sent', () => {
    const b = bench()
    const { meeting } = caller(9)
    const bytes = meeting.request
    let out = 0
    b.sent.push = (...more) => (out += more[0]!.bytes.length)
    for (let i = 0; i < 65_536; i++)
      b.hear({ family: 'ipv4', address: `10.1.${i >> 8}.${i & 255}`, port: 1 + (i % 65_535) }, bytes)
    expect(out).toBe(65_536 * PACKET_BYTES)
    expect([b.junction.strangers, b.junction.memory, b.clock.timers]).toEqual([65_536, 0, 0])
  })

  test('an endpoint is met at most once a second, and 64 of them are remembered', () => {
    const b = bench()
    const anna = caller(9)
    anna.prove(b, PEER)
    anna.prove(b, PEER)
    b.clock.runUntil(999)
    anna.prove(b, PEER)
    expect(b.meets.length).toBe(1)
    b.clock.runUntil(1_000)
    anna.prove(b, PEER)
    expect(b.meets.length).toBe(2)
    for (let i = 0; i < 100; i++) caller(9).prove(b, { ...PEER, port: 2_000 + i })
    expect(b.junction.memory).toBe(64)
  })

  test('after the greeter has gone nobody is told', () => {
    const b = bench()
    b.stopGreeting()
    caller(9).prove(b, PEER)
    expect(b.meets).toEqual([])
  })

  test('R5 without a confirmation whoever sends may be the peer', () => {
    const b = bench({ trustsFirst: true })
    b.hear(PEER, Uint8Array.of(1))
    expect(b.meets).toEqual(['udp 203.0.113.1:1194'])
  })

  test('what they said is the first message of whoever is tried for it, and of nobody else', () => {
    const b = bench({ trustsFirst: true })
    b.hear(PEER, Uint8Array.of(1))
    b.open(ELSEWHERE, 'udp', 'none')
    b.clock.runUntil(0)
    expect(b.inbox).toEqual([])
    b.open(PEER, 'udp', 'none').path.accept(false, [])
    b.clock.runUntil(0)
    expect(b.inbox).toEqual([1])
    b.open(PEER, 'udp', 'none')
    b.clock.runUntil(0)
    expect(b.inbox).toEqual([1])
  })

  test('what they said is not kept for a later attempt', () => {
    const b = bench({ trustsFirst: true })
    b.hear(PEER, Uint8Array.of(1))
    b.clock.runUntil(1_000)
    b.open(PEER, 'udp', 'none')
    b.clock.runUntil(1_000)
    expect(b.inbox).toEqual([])
  })

  test('on a socket that is gone for good they are not heard', () => {
    const b = bench()
    b.junction.silence(b.house, 1)
    b.hear(PEER, caller(9).meeting.request)
    expect(b.sent).toEqual([])
  })
})

describe('R5 who comes to whom', () => {
  test('who follows comes only where it is nominated', () => {
    const b = bench()
    const anna = caller(9)
    b.hear(PEER, anna.meeting.request)
    const answer = b.sent[0]!.bytes
    // An answer of ours to which the leader has not come yet proves the path, and calls nobody.
    b.hear(PEER, probe(identity(9), 'there', readGreeting(answer)!.cookie))
    expect(b.meets).toEqual([])
    anna.meeting.receive(answer)
    b.hear(PEER, anna.meeting.request)
    expect(b.meets).toEqual(['udp 203.0.113.1:1194'])
  })

  test('who leads comes where the path is proven, but not to a late answer', () => {
    const b = bench()
    const { meeting } = caller(3)
    b.hear(PEER, meeting.request)
    const { cookie } = readGreeting(b.sent[0]!.bytes)!
    const proof = probe(identity(3), 'there', cookie)
    b.hear(PEER, proof.with(4, 1))
    expect(b.meets).toEqual([])
    b.hear(PEER, proof)
    expect(b.meets).toEqual(['udp 203.0.113.1:1194'])
  })

  test('who leads and has proven a path stays on it, unless the other has connected already', () => {
    const b = bench()
    const path = b.open(PEER)
    b.clock.runUntil(0)
    const there = new Meeting(identity(3), 'there', 'udp')
    there.receive(path.exchange!.request)
    path.exchange!.receive(there.request)
    expect(path.exchange!.peer).toBeDefined()
    caller(3).prove(b, PEER6, 2)
    expect(b.meets).toEqual([])
    const { cookie } = readGreeting(b.sent.at(-1)!.bytes)!
    b.hear(PEER6, probe(identity(3), 'there', cookie).with(4, 4), 2)
    expect(b.meets).toEqual(['udp [2001:db8:b::1]:1194'])
  })
})

describe('a path over a shared socket', () => {
  test('leaves from the first socket of its family, and hears what comes from its remote', () => {
    const b = bench()
    const { told, path } = b.open(PEER6)
    expect(told).toEqual([])
    b.clock.runUntil(0)
    path.send(Uint8Array.of(1))
    expect(b.sent.map(({ by, to }) => [by, to])).toEqual([['2', PEER6]])
    b.hear(PEER6, Uint8Array.of(7), 2)
    expect(told.map(({ type }) => type)).toEqual(['opened', 'connected', 'received'])
    expect(b.junction.strangers).toBe(0)
    path.close()
    b.hear(PEER6, Uint8Array.of(7), 2)
    expect([told.length, b.junction.strangers]).toEqual([3, 1])
  })

  test('leaves from where its remote was met, if that is still there', () => {
    const b = bench({}, [FOUR, OTHER_FOUR])
    caller(9).prove(b, PEER, 2)
    const { path, told } = b.open(PEER)
    b.clock.runUntil(0)
    expect(told[0]).toEqual({ type: 'opened', local: OTHER_FOUR })
    path.close()
    b.junction.silence(b.house, 2)
    const again = b.open(PEER)
    b.clock.runUntil(0)
    expect(again.told[0]).toEqual({ type: 'opened', local: FOUR })
  })

  test('closed before it connects it leaves nothing', () => {
    const b = bench()
    b.open(PEER).path.close()
    expect([b.clock.timers, b.sent]).toEqual([0, []])
  })

  test('is lost with its socket, but not with another, and both when all of the block goes', () => {
    const b = bench()
    const four = b.open(PEER)
    const six = b.open(PEER6)
    b.clock.runUntil(0)
    b.junction.silence(b.house, 1)
    b.clock.runUntil(0)
    expect(four.told.at(-1)).toMatchObject({ type: 'failed', failure: { code: 'LISTENER_LOST' } })
    expect(six.told.at(-1)).toMatchObject({ type: 'connected' })
    b.junction.silence(b.house)
    b.clock.runUntil(0)
    expect(six.told.at(-1)).toMatchObject({ type: 'failed', failure: { code: 'LISTENER_LOST' } })
  })

  test('needs no exchange where nothing is confirmed', () => {
    const b = bench()
    const { exchange, told } = b.open(PEER, 'udp', 'none')
    b.clock.runUntil(0)
    expect([exchange, told.map(({ type }) => type)]).toEqual([undefined, ['opened', 'connected']])
  })
})

describe('R5 all: a family of which no socket is bound', () => {
  test('is tried from no other socket: the attempt fails at once', () => {
    const b = bench({}, [FOUR])
    const { told } = b.open(PEER6)
    expect(told).toEqual([])
    b.clock.runUntilIdle()
    const why = failure('LISTENER_LOST', 'open', 'no ipv6 socket is bound to send it from')
    expect(told).toEqual([{ type: 'failed', failure: why }])
    expect(b.docked).toEqual([])
  })

  test('and whoever is closed before that says nothing', () => {
    const b = bench({}, [FOUR])
    const { told, path } = b.open(PEER6)
    path.close()
    expect(b.clock.timers).toBe(0)
    expect(told).toEqual([])
  })
})

describe('R5 roles: a path over a socket of its own', () => {
  const opened = (b: ReturnType<typeof bench>) => {
    const one = b.open(PEER)
    b.docked[0]!.tell({ type: 'bound', local: at('198.51.100.1:50000') })
    return one
  }

  test('binds the wildcard of its family, or what it is told to, and closes it with itself', () => {
    const b = bench({}, [])
    const { told, path } = opened(b)
    expect(b.docked[0]!.endpoint).toEqual({ family: 'ipv4', address: '0.0.0.0', port: 0 })
    expect(told.map(({ type }) => type)).toEqual(['opened', 'connected'])
    path.send(Uint8Array.of(1))
    expect(b.sent.map(({ by, to }) => [by, to])).toEqual([['own', PEER]])
    path.close()
    expect(b.docked[0]!.isOpen).toBe(false)
    const local = { address: '198.51.100.1', port: 7 }
    const request = { attempt: 2, transport: 'udp', family: 'ipv4', remote: PEER, reads: true, local } as const
    b.junction.wire.open(request, () => {})
    expect(b.docked[1]!.endpoint).toEqual({ family: 'ipv4', ...local })
  })

  test('that cannot be bound fails, and so does one that dies', () => {
    const b = bench({}, [])
    const { told } = b.open(PEER)
    b.docked[0]!.tell({ type: 'failed', failure: failure('EADDRINUSE', 'bind') })
    expect(told).toMatchObject([{ type: 'failed', failure: { code: 'EADDRINUSE', stage: 'open' } }])
    expect(b.docked[0]!.isOpen).toBe(false)
  })

  test('hears its remote, and nobody else', () => {
    const b = bench({}, [])
    const { told } = opened(b)
    b.docked[0]!.tell({ type: 'heard', from: ELSEWHERE, bytes: caller(3).meeting.request })
    expect([told.length, b.sent, b.junction.strangers]).toEqual([2, [], 1])
    b.docked[0]!.tell({ type: 'heard', from: PEER, bytes: Uint8Array.of(1) })
    expect(told.at(-1)).toMatchObject({ type: 'received' })
    // Nobody comes to a socket that listens for nobody.
    b.docked[0]!.tell({ type: 'turnedAway', from: undefined })
    expect(told.length).toBe(3)
  })

  test('float: it follows its peer, which has to prove that it is elsewhere', () => {
    const b = bench({ float: true }, [])
    const { told, path, exchange } = opened(b)
    const there = new Meeting(identity(3), 'there', 'udp')
    for (let i = 0; i < 3; i++) {
      there.receive(exchange!.request)
      exchange!.receive(there.request)
    }
    path.accept(false, [])
    there.takeAnswers()
    b.docked[0]!.tell({ type: 'heard', from: ELSEWHERE, bytes: there.request })
    there.receive(b.sent.at(-1)!.bytes)
    b.docked[0]!.tell({ type: 'heard', from: ELSEWHERE, bytes: there.takeAnswers()[0]! })
    expect(told.at(-1)).toEqual({ type: 'moved', remote: ELSEWHERE })
    path.send(Uint8Array.of(1))
    expect(b.sent.at(-1)!.to).toEqual(ELSEWHERE)
  })
})

describe('R5 float', () => {
  /** Holds a path to `PEER`, whose instance id is 3. */
  function held(float: boolean) {
    const b = bench({ float })
    const one = b.open(PEER)
    b.clock.runUntil(0)
    const there = new Meeting(identity(3), 'there', 'udp')
    for (let i = 0; i < 3; i++) {
      there.receive(one.exchange!.request)
      one.exchange!.receive(there.request)
    }
    one.path.accept(false, [])
    there.takeAnswers()
    b.sent.splice(0)
    return { ...b, ...one, there }
  }
  const DATA = new Uint8Array(100)

  test('a datagram from elsewhere is asked whose it is; the answer of the peer moves the path', () => {
    const b = held(true)
    b.hear(ELSEWHERE, DATA)
    expect(b.sent.map(({ to, bytes }) => [to, readGreeting(bytes)?.isAnswer])).toEqual([[ELSEWHERE, false]])
    b.there.receive(b.sent[0]!.bytes)
    b.hear(ELSEWHERE, b.there.takeAnswers()[0]!)
    expect(b.told.at(-1)).toEqual({ type: 'moved', remote: ELSEWHERE })
    b.hear(ELSEWHERE, DATA)
    expect(b.inbox.length).toBe(100)
    // Where it was, it is a stranger now.
    const { strangers } = b.junction
    b.hear(PEER, DATA)
    expect(b.junction.strangers).toBe(strangers + 1)
    b.path.close()
    b.hear(ELSEWHERE, Uint8Array.of(1))
    expect(b.junction.strangers).toBe(strangers + 2)
  })

  test('it moves to another family, over the socket of that', () => {
    const b = held(true)
    b.hear(PEER6, DATA, 2)
    b.there.receive(b.sent[0]!.bytes)
    b.hear(PEER6, b.there.takeAnswers()[0]!, 2)
    b.path.send(Uint8Array.of(1))
    expect(b.sent.at(-1)).toMatchObject({ by: '2', to: PEER6 })
  })

  test('P1 only the confirmed peer moves it: neither another, nor who has its id and no proof', () => {
    const b = held(true)
    caller(77).prove(b, ELSEWHERE)
    b.hear(ELSEWHERE, probe(identity(3), 'forged', new Uint8Array(8).fill(1)))
    b.hear(ELSEWHERE, probe(identity(3), 'forged').with(4, 1))
    expect(b.told.map(({ type }) => type)).toEqual(['opened', 'connected'])
  })

  test('what is smaller than our question is not asked', () => {
    const b = held(true)
    b.hear(ELSEWHERE, DATA.subarray(0, PACKET_BYTES - 1))
    expect(b.sent).toEqual([])
  })

  test('P1 without float nobody moves it', () => {
    const b = held(false)
    b.hear(ELSEWHERE, DATA)
    expect(b.sent).toEqual([])
    b.hear(ELSEWHERE, b.there.request)
    b.there.receive(b.sent[0]!.bytes)
    b.hear(ELSEWHERE, b.there.request)
    expect(b.told.map(({ type }) => type)).toEqual(['opened', 'connected'])
  })

  test('without a path that is held a stranger is a stranger', () => {
    const b = bench({ float: true })
    b.hear(ELSEWHERE, DATA)
    expect(b.sent).toEqual([])
  })
})

describe('TCP', () => {
  function guestFrom(remote: Endpoint, canBeAdopted = true) {
    const log: string[] = []
    const guest = {
      handle: {},
      remote,
      local: FOUR,
      hasSpoken: () => false,
      gone: () => {},
      watch: (gone: () => void) => void (guest.gone = gone),
      close: () => void log.push('close'),
      ...(canBeAdopted && {
        adopt: () => {
          log.push('adopt')
          return { handle: guest, send: () => {}, accept: () => {}, close: () => {} }
        },
      }),
    }
    return { guest: guest as Guest & { gone: () => void }, log }
  }
  const passive = { identity: identity(5, true) }

  test('P2 whoever comes is met, and taken by the attempt at it', () => {
    const b = bench(passive)
    const { guest, log } = guestFrom(PEER)
    b.junction.arrived(b.house, 1, guest)
    expect(b.meets).toEqual(['tcp 203.0.113.1:1194'])
    b.open(PEER, 'tcp')
    b.clock.runUntilIdle()
    expect([log, b.notes]).toEqual([['adopt'], []])
  })

  test('P2 a second one is refused while the first is there, and not when it has gone', () => {
    const b = bench(passive)
    const [first, second, third] = [PEER, ELSEWHERE, ELSEWHERE].map((one) => guestFrom(one))
    b.junction.arrived(b.house, 1, first!.guest)
    b.open(PEER, 'tcp')
    b.junction.arrived(b.house, 1, second!.guest)
    expect(second!.log).toEqual(['close'])
    expect(b.notes).toMatchObject([{ type: 'peer.refused', remote: ELSEWHERE, failure: { code: 'ONE_SESSION' } }])
    second!.guest.gone()
    first!.guest.gone()
    b.junction.arrived(b.house, 1, third!.guest)
    expect(b.meets.length).toBe(2)
    // What was the first one's is no longer told of the third.
    first!.guest.gone()
    b.open(ELSEWHERE, 'tcp')
    expect(third!.log).toEqual(['adopt'])
  })

  test('P2 whom nobody takes is refused at once, and the next one is not', () => {
    const b = bench(passive)
    const [first, second] = [PEER, PEER].map((one) => guestFrom(one))
    b.junction.arrived(b.house, 1, first!.guest)
    b.clock.runUntil(0)
    expect(first!.log).toEqual(['close'])
    expect(b.notes).toMatchObject([{ type: 'peer.refused', listener: 1, failure: { code: 'NOT_THE_PEER' } }])
    b.junction.arrived(b.house, 1, second!.guest)
    b.open(PEER, 'tcp')
    expect([b.meets.length, second!.log]).toEqual([2, ['adopt']])
  })

  test('an attempt at another, or a second one at the same, does not take it', () => {
    const b = bench()
    const { guest, log } = guestFrom(PEER)
    b.junction.arrived(b.house, 1, guest)
    b.open(ELSEWHERE, 'tcp')
    b.open(PEER, 'tcp')
    b.open(PEER, 'tcp')
    expect([log, b.dialled]).toEqual([['adopt'], ['203.0.113.9:4000', '203.0.113.1:1194']])
  })

  test('one that a twin cannot give away is not taken', () => {
    const b = bench()
    b.junction.arrived(b.house, 1, guestFrom(PEER, false).guest)
    b.open(PEER, 'tcp')
    expect(b.dialled).toEqual(['203.0.113.1:1194'])
  })

  test('who waits does not go to where somebody came from: that one is gone', () => {
    const b = bench(passive)
    const { told } = b.open(PEER, 'tcp')
    const { told: nothing, path } = b.open(PEER, 'tcp')
    path.send(Uint8Array.of(1))
    path.accept(false, [])
    path.close()
    b.clock.runUntilIdle()
    expect(told).toMatchObject([{ type: 'failed', failure: { code: 'CLOSED_BY_PEER' } }])
    expect([nothing, b.dialled, path.handle]).toEqual([[], [], undefined])
  })

  test('evicted, whoever waits goes, and whoever was taken stays', () => {
    const b = bench(passive)
    const { guest, log } = guestFrom(PEER)
    b.junction.evict()
    b.junction.arrived(b.house, 1, guest)
    b.junction.evict()
    expect([log, b.clock.timers]).toEqual([['close'], 0])
    const other = guestFrom(PEER)
    b.junction.arrived(b.house, 1, other.guest)
    b.open(PEER, 'tcp')
    b.junction.evict()
    expect(other.log).toEqual(['adopt'])
  })

  test('whom the system turned away would not have been taken either', () => {
    const b = bench(passive)
    b.junction.turnedAway()
    expect(b.notes).toEqual([])
  })
})

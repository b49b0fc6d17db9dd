import { describe, expect, test } from 'vitest'
import { type Identity, Meeting, PACKET_BYTES, answerTo, isProof, leads, probe, readGreeting } from '../src/meeting.ts'
import { hash } from '../src/seed.ts'

function identity(first: number, passive = false): Identity {
  const cookieFor = (path: string) => Uint8Array.from({ length: 8 }, (_, i) => hash(first, path, i) & 255)
  return { id: Uint8Array.of(first, 0, 0, 0, 0, 0, 0, 1), passive, cookieFor }
}

const LEADER = identity(9)
const FOLLOWER = identity(3)
const UDP = 'udp'

const read = (bytes: Uint8Array) => readGreeting(bytes)!
const flagsOf = (bytes: Uint8Array) => bytes[4]

/** Two meetings on one path; what is sent arrives at once, unless the test takes it. */
function couple(a = LEADER, b = FOLLOWER, transport: 'tcp' | 'udp' = UDP) {
  return [new Meeting(a, 'to b', transport), new Meeting(b, 'to a', transport)] as const
}

describe('a packet', () => {
  test('is 32 bytes that say who sends it, what it wants, and both cookies', () => {
    const bytes = probe(identity(7, true), 'path')
    expect([...bytes.subarray(0, 16)]).toEqual([0x53, 0x4b, 0x50, 0x31, 8, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 1])
    expect(read(bytes)).toEqual({
      isAnswer: false,
      nominates: false,
      isConnected: false,
      isPassive: true,
      id: identity(7).id,
      cookie: identity(7).cookieFor('path'),
      echo: new Uint8Array(8),
    })
  })

  test.each([
    ['too short', new Uint8Array(PACKET_BYTES - 1)],
    ['too long', new Uint8Array(PACKET_BYTES + 1)],
    ['of another protocol', probe(LEADER, 'path').with(3, 0)],
  ])('that is %s is none of ours', (_, bytes) => {
    expect(readGreeting(bytes)).toBeUndefined()
  })
})

describe('an answer to a stranger', () => {
  const greeting = read(probe(FOLLOWER, 'theirs'))
  const answer = answerTo(greeting, LEADER, 'ours')!

  test('gives its cookie back, and is no larger than what it answers', () => {
    expect(answer.length).toBe(PACKET_BYTES)
    expect(read(answer)).toMatchObject({ isAnswer: true, echo: greeting.cookie, cookie: LEADER.cookieFor('ours') })
  })

  test('is not answered', () => expect(answerTo(read(answer), FOLLOWER, 'theirs')).toBeUndefined())

  test('proves the path that it went, and no other', () => {
    expect(isProof(read(answer), FOLLOWER, 'theirs')).toBe(true)
    expect(isProof(read(answer), FOLLOWER, 'another')).toBe(false)
    expect(isProof(greeting, LEADER, 'ours')).toBe(false)
  })
})

test('who leads: the larger id, unless it is passive; a passive peer never', () => {
  const of = (one: Identity) => read(probe(one, 'path'))
  expect([leads(LEADER, of(FOLLOWER)), leads(FOLLOWER, of(LEADER))]).toEqual([true, false])
  expect([leads(identity(9, true), of(FOLLOWER)), leads(FOLLOWER, of(identity(9, true)))]).toEqual([false, true])
  expect(leads(identity(9, true), of(identity(3, true)))).toBe(false)
})

describe('a meeting', () => {
  test('R5 proves the path, is nominated by who leads, agreed to by the other, and then both are connected', () => {
    const [a, b] = couple()
    expect(b.receive(a.request)).toBe('waiting')
    expect(b.peer).toBeUndefined()
    const [proof] = b.takeAnswers()
    expect(a.receive(proof!)).toBe('waiting')
    expect(a.peer).toEqual(FOLLOWER.id)
    // It nominates at once, since it has learned something.
    const [nomination] = a.takeAnswers()
    expect(read(nomination!)).toMatchObject({ isAnswer: false, nominates: true, isConnected: false })
    expect(b.receive(nomination!)).toBe('confirmed')
    expect([b.isSettled, a.isSettled]).toEqual([false, false])
    const [agreement] = b.takeAnswers()
    expect(read(agreement!)).toMatchObject({ isAnswer: true, nominates: false, isConnected: true })
    expect(a.receive(agreement!)).toBe('confirmed')
    expect(a.isSettled).toBe(true)
    // Who agreed can fall silent when it has heard this.
    const [settled] = a.takeAnswers()
    expect(b.receive(settled!)).toBe('confirmed')
    expect(b.isSettled).toBe(true)
  })

  test('says all that it knows in each packet: any one that arrives will do', () => {
    const [a, b] = couple()
    a.receive(b.request)
    expect(read(a.request).echo).toEqual(read(b.request).cookie)
    expect(b.receive(a.request)).toBe('waiting')
    expect(b.peer).toEqual(LEADER.id)
    expect(a.receive(b.request)).toBe('waiting')
    expect(b.receive(a.request)).toBe('confirmed')
    expect(a.receive(b.request)).toBe('confirmed')
    expect(flagsOf(a.request)).toBe(2 + 4)
    expect(flagsOf(b.request)).toBe(4)
  })

  test('agrees to nothing before it has proven the path itself', () => {
    const [a, b] = couple()
    expect(b.receive(a.request.with(4, 2))).toBe('waiting')
    expect(b.takeAnswers().map(flagsOf)).toEqual([1])
  })

  test('a forged agreement does not confirm', () => {
    const [a, b] = couple()
    a.receive(b.request.with(4, 4 + 1))
    expect([a.peer, a.isSettled, a.takeAnswers()]).toEqual([undefined, false, []])
  })

  test('who follows keeps to what it agreed to, although the other has come anew', () => {
    const [a, b] = couple()
    a.receive(b.request)
    b.receive(a.request)
    a.receive(b.request)
    b.receive(a.request)
    b.receive(answerTo(read(b.request), LEADER, 'to b')!)
    expect(read(b.request).isConnected).toBe(true)
  })

  test('two that are passive never connect', () => {
    const [a, b] = couple(identity(9, true), identity(3, true))
    const verdicts = [1, 2, 3].flatMap(() => [b.receive(a.request), a.receive(b.request)])
    expect(new Set(verdicts)).toEqual(new Set(['waiting']))
  })

  test('an answer that teaches nothing is not answered', () => {
    const [a, b] = couple()
    b.receive(a.request)
    const [proof] = b.takeAnswers()
    a.receive(proof!)
    a.takeAnswers()
    a.receive(proof!)
    expect(a.takeAnswers()).toEqual([])
  })

  test('a packet that does not prove itself changes nothing once the path is proven, and is answered all the same', () => {
    const [a, b] = couple()
    b.receive(a.request)
    a.receive(b.takeAnswers()[0]!)
    a.takeAnswers()
    const before = a.request
    expect(a.receive(probe(identity(200), 'forged'))).toBe('waiting')
    expect(a.request).toEqual(before)
    expect(a.takeAnswers().map((bytes) => read(bytes).echo)).toEqual([identity(200).cookieFor('forged')])
    expect(a.peer).toEqual(FOLLOWER.id)
  })

  test('a peer that has started anew has agreed to nothing', () => {
    const [a, b] = couple()
    a.receive(b.request)
    b.receive(a.request)
    a.receive(b.request)
    b.receive(a.request)
    a.receive(b.request)
    expect(a.isSettled).toBe(true)
    const anew = new Meeting(identity(4), 'to a', UDP)
    anew.receive(a.request)
    expect(a.receive(anew.request)).toBe('waiting')
    expect([a.peer, a.isSettled]).toEqual([identity(4).id, false])
  })

  test('with itself is a failure', () => {
    const a = new Meeting(LEADER, 'to a', UDP)
    a.receive(a.request)
    const [echo] = a.takeAnswers()
    expect(a.receive(echo!)).toMatchObject({ code: 'SELF_CONNECT' })
  })

  test('what the program of the peer sends early is kept from the proof on, 64 datagrams of it', () => {
    const [a, b] = couple()
    const datagram = Uint8Array.of(1, 2, 3)
    expect(a.receive(datagram)).toBe('waiting')
    a.receive(b.request)
    b.receive(a.request)
    a.receive(b.request)
    for (let i = 0; i < 70; i++) a.receive(datagram)
    const early = a.takeEarly()
    expect(early.length).toBe(64)
    expect(early[0]).toBe(datagram)
    expect(a.takeEarly()).toEqual([])
  })
})

describe('over TCP', () => {
  /** Carries what both say over in pieces of `size`, until neither says more. Who has connected sends `tail`. */
  function converse(size: number, ...tail: readonly number[]) {
    const ends = couple(LEADER, FOLLOWER, 'tcp')
    const isConnected = [false, false]
    const pipes = [[...ends[1].request], [...ends[0].request]]
    const program: number[][] = [[], []]
    for (let turn = 0; pipes.some((pipe) => pipe.length > 0); turn++) {
      const side = (turn % 2) as 0 | 1
      const other = pipes[1 - side]!
      const chunk = pipes[side]!.splice(0, size)
      if (isConnected[side]) program[side]!.push(...chunk)
      if (isConnected[side] || chunk.length === 0) continue
      isConnected[side] = ends[side].receive(Uint8Array.from(chunk)) === 'confirmed'
      for (const answer of ends[side].takeAnswers()) other.push(...answer)
      for (const early of ends[side].takeEarly()) program[side]!.push(...early)
      if (isConnected[side]) other.push(...tail)
    }
    return { isConnected, program }
  }

  test.each([1, 5, 32, 64, 1000])(
    'both connect, in pieces of %i, and nothing of the exchange comes to the program',
    (size) => {
      expect(converse(size)).toEqual({ isConnected: [true, true], program: [[], []] })
      expect(converse(size, 7, 8).program).toEqual([
        [7, 8],
        [7, 8],
      ])
    },
  )

  test('what is no packet is a bad reply', () => {
    const [a] = couple(LEADER, FOLLOWER, 'tcp')
    expect(a.receive(new Uint8Array(31))).toBe('waiting')
    expect(a.receive(new Uint8Array(1))).toMatchObject({ code: 'BAD_REPLY', stage: 'confirm' })
  })

  test('a failure ends it, whatever follows', () => {
    const a = new Meeting(LEADER, 'to a', 'tcp')
    a.receive(a.request)
    const [echo] = a.takeAnswers()
    expect(a.receive(Uint8Array.of(...echo!, 1, 2, 3))).toMatchObject({ code: 'SELF_CONNECT' })
    expect(a.takeEarly()).toEqual([])
  })
})

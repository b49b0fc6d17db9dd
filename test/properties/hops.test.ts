/**
 * Ways over hops under every schedule: the hops of both plugins say what a script says, well or badly, cut anyhow, and the
 * world has its usual accidents. What must hold of each run is judged by the notes and by what the network saw.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Note } from '../../src/ledger.ts'
import { type ClientScenario, isClients, parseScenario } from '../../src/sim/scenario.ts'
import { type Observation, observe } from './observe.ts'

const RUNS = Number(process.env['SOCKCHART_SCHEDULES'] ?? 2000)

type Kind = 'http-proxy' | 'socks-proxy'
type Saying = Readonly<Record<string, unknown>>

const OK = 'HTTP/1.1 200 OK\r\n\r\n'
const ASKS = 'HTTP/1.1 407 Login\r\nProxy-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\n'

/** What a good hop says. `relay`: it is asked for one. */
function goodWords(kind: Kind, login: boolean, relay: boolean): Saying[] {
  if (kind === 'http-proxy') {
    if (!login) return [{ text: OK }]
    return [{ to: 'Proxy-Authorization: Digest', text: OK }, { text: `${ASKS}Content-Length: 0\r\n\r\n` }]
  }
  const reply = { hex: relay ? '050000010000000003e7' : '05000001000000000000' }
  return login ? [{ hex: '0502' }, { hex: '0100' }, reply] : [{ hex: '0500' }, reply]
}

/** What a bad one says instead of one of these. */
const badWords: fc.Arbitrary<Saying> = fc.oneof(
  fc.constantFrom<Saying>(
    { text: 'HTTP/1.1 403 Forbidden\r\n\r\n' },
    { text: 'HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nno!' },
    { text: `${ASKS}Connection: close\r\n\r\n`, ends: 'fin' },
    { text: 'SSH-2.0-OpenSSH_9.2\r\n' },
    { hex: '05ff' },
    { hex: '0101' },
    { hex: '05020001000000000000' },
    { hex: '050000017f00000103e7' },
    { hex: '0500' },
    { ends: 'fin' },
    { ends: 'reset' },
    {},
  ),
  fc.record({ hex: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('hex')) }),
)

const seldom = <Value>(value: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value })

const manner = fc.record({ afterMs: fc.nat(700), dripMs: seldom(fc.integer({ min: 1, max: 400 })) })

const hop = fc.record({
  kind: fc.constantFrom<Kind>('http-proxy', 'socks-proxy'),
  login: fc.boolean(),
  manners: fc.array(manner, { minLength: 4, maxLength: 4 }),
})

const remote = fc.record({
  udp: fc.boolean(),
  confirmed: fc.boolean(),
  hops: fc.array(hop, { minLength: 1, maxLength: 3 }),
  addresses: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
  /** A few do not answer at all. */
  connect: fc.option(fc.nat(2000), { nil: undefined, freq: 8 }),
  /** Where it goes wrong, if it does. */
  bad: fc.option(fc.record({ at: fc.nat(8), words: badWords }), { nil: undefined, freq: 2 }),
})

const schedule = fc.record({
  seed: fc.nat(0xffff_ffff),
  racing: fc.boolean(),
  bound: fc.boolean(),
  release: fc.boolean(),
  remotes: fc.array(remote, { minLength: 1, maxLength: 3 }),
  befalls: fc.array(
    fc.record({
      atMs: fc.nat(30_000),
      what: fc.constantFrom('next', 'reject', 'stop', 'network-changed', 'reset', 'fin', 'vanish'),
      address: fc.integer({ min: 1, max: 9 }),
    }),
    { maxLength: 4 },
  ),
})
type Schedule = typeof schedule extends fc.Arbitrary<infer T> ? T : never
type Remote = Schedule['remotes'][number]

const CONNECT_TIMEOUT = 5000
const addressOf = (n: number) => `203.0.113.${n}`

function wayOf({ hops, udp }: Remote) {
  // Datagrams go over one SOCKS hop.
  const way = udp ? hops.slice(0, 1).map((one) => ({ ...one, kind: 'socks-proxy' as const })) : hops
  return way.map((one, i) => ({ ...one, host: `hop${i}.test`, port: 1080 }))
}

function wordsOf(remote: Remote): readonly Saying[] {
  const way = wayOf(remote)
  const good = way.flatMap(({ kind, login, manners }, i) =>
    goodWords(kind, login, remote.udp && i === way.length - 1).map((words, j) => ({ ...words, ...manners[j] })),
  )
  const { bad } = remote
  return bad ? good.map((words, i) => (i === bad.at % good.length ? { ...manners(words), ...bad.words } : words)) : good
}
const manners = ({ afterMs, dripMs }: Saying) => ({ afterMs, dripMs })

function scenarioOf({ seed, racing, bound, remotes, befalls }: Schedule): ClientScenario {
  const network: Record<string, object> = {}
  const names: Record<string, readonly object[]> = {}
  const config = {
    connectRetryMax: 2,
    ...(racing && { pacing: { policy: 'newest', attemptDelay: 250, maxInFlight: 3 } }),
    remotes: remotes.map((one, i) => {
      const [door, ...far] = wayOf(one).map(({ kind, login, host, port }) => ({
        kind,
        host,
        port,
        settings: login ? { login: 'key:1' } : {},
      }))
      const own = `${i}.test`
      names[own] = one.addresses.map((n) => ({ address: addressOf(n) }))
      for (const n of one.addresses) {
        const says = wordsOf(one)
        network[`${addressOf(n)}:${2000 + i}`] = {
          tcp: one.connect === undefined ? 'blackhole' : { connect: one.connect, says, answer: 30 },
        }
        network[`${addressOf(n)}:999`] = { udp: { answer: 40 } }
      }
      return {
        host: '192.0.2.200',
        port: 443,
        proto: one.udp ? 'udp' : 'tcp',
        connectTimeout: CONNECT_TIMEOUT,
        confirm: { kind: one.confirmed ? 'openvpn' : 'none' },
        hops: [{ ...door, host: own, port: 2000 + i }, ...far],
        ...(bound && { local: { port: 0 } }),
      }
    }),
  }
  const timeline = befalls.map(({ atMs, what, address }) =>
    ['reset', 'fin', 'vanish'].includes(what)
      ? { atMs, kill: { address: addressOf(address), how: what } }
      : { atMs, do: what },
  )
  const parsed = parseScenario({ config, seed, names, network, timeline, untilMs: 60_000 })
  if (!('scenario' in parsed) || !isClients(parsed.scenario)) throw new Error(JSON.stringify(parsed))
  return parsed.scenario
}

/** What the attempts of the runs came to; each of these has to happen at all. */
const sometimes = new Set<string>()

const attemptOf = (note: Note) => ('attempt' in note ? note.attempt : undefined)
const isEnd = ({ type }: Note) => ['attempt.failed', 'attempt.cancelled', 'attempt.lost'].includes(type)

const invariants: Readonly<Record<string, (seen: Observation) => string | undefined>> = {
  C1({ sockets }) {
    const bad = sockets.find(({ closedAt }) => closedAt.length !== 1)
    return bad && `a socket of attempt ${bad.attempt} was closed ${bad.closedAt.length} times`
  },
  /** A relay in the hands of the program keeps its two sockets; closing its channel, which the runner does, ends them. */
  C2({ leftAtEnd, bug, release, result: { winner } }) {
    if (bug !== undefined) return bug instanceof Error ? bug.message : 'something was thrown'
    if (release && winner?.candidate.transport === 'udp' && leftAtEnd.join() === '2 sockets') return undefined
    return leftAtEnd.length > 0 ? `left at the end: ${leftAtEnd.join(', ')}` : undefined
  },
  /** A TCP connection to the first hop, and for datagrams the socket to the relay. */
  S1({ events, notes }) {
    const open = new Map<string, number>()
    for (const { socket, opens } of events) {
      const key = `${socket.transport} ${socket.attempt}`
      const n = (open.get(key) ?? 0) + (opens ? 1 : -1)
      open.set(key, n)
      if (n > 1) return `${n} ${key}`
      const udp = open.get(`udp ${socket.attempt}`) ?? 0
      const { candidate } = notes.find(
        (note) => note.type === 'attempt.started' && note.attempt === socket.attempt,
      ) as {
        candidate: { transport: string }
      }
      if (udp > 0 && candidate.transport === 'tcp') return 'a relay for a stream'
    }
    return undefined
  },
  /** Both sockets of a relay end in one instant. */
  RELAY({ sockets }) {
    const relays = sockets.filter(({ transport }) => transport === 'udp')
    for (const relay of relays) {
      const control = sockets.findLast(({ attempt, transport }) => attempt === relay.attempt && transport === 'tcp')
      if (control?.closedAt[0] !== relay.closedAt[0]) return `the relay of attempt ${relay.attempt} ended apart`
    }
    return undefined
  },
  S5({ notes }) {
    const ended = new Set<number>()
    for (const note of notes) {
      const attempt = attemptOf(note)
      if (attempt === undefined) continue
      if (ended.has(attempt)) return `${note.type} of ${attempt} after its end`
      if (isEnd(note)) ended.add(attempt)
    }
    return undefined
  },
  /** One deadline for the way, the negotiations and the confirmation. */
  L2({ notes }) {
    const since = new Map<number, number>()
    for (const note of notes) {
      if (note.type === 'attempt.started') since.set(note.attempt, note.at)
      const attempt = attemptOf(note)
      const decided = ['attempt.won', 'attempt.failed', 'attempt.cancelled'].includes(note.type)
      if (attempt === undefined || !decided) continue
      const took = note.at - (since.get(attempt) ?? 0)
      if (took > CONNECT_TIMEOUT) return `attempt ${attempt} took ${took} ms`
    }
    return undefined
  },
  /** Hops are passed one by one, and whoever wins has passed them all, and has been confirmed if that was asked for. */
  S6({ notes, scenario }) {
    const passed = new Map<number, number>()
    const confirmed = new Set<number>()
    const remotes = new Map<number, number>()
    for (const note of notes) {
      if (note.type === 'attempt.started') remotes.set(note.attempt, note.candidate.remote)
      if (note.type === 'attempt.confirmed') confirmed.add(note.attempt)
      // Another connection to the first hop: all of them have to be passed once more.
      if (note.type === 'attempt.connected') passed.delete(note.attempt)
      if (note.type === 'attempt.negotiated') {
        if (note.hop !== (passed.get(note.attempt) ?? 0) + 1) return `hop ${note.hop} out of its turn`
        passed.set(note.attempt, note.hop)
      }
      if (note.type !== 'attempt.won') continue
      const { hops, confirm, proto } = scenario.config.remotes[remotes.get(note.attempt) ?? -1]!
      if (passed.get(note.attempt) !== hops.length)
        return `attempt ${note.attempt} won at hop ${passed.get(note.attempt)}`
      if (confirm.kind !== 'none' && !confirmed.has(note.attempt)) return `attempt ${note.attempt} won unconfirmed`
      sometimes.add(`${proto} over ${hops.map(({ kind }) => kind).join(' ')}`)
    }
    return undefined
  },
  /** What stands for a password in this world is in no note. */
  S9({ notes, result }) {
    return JSON.stringify([notes, result]).includes('secret') ? 'a secret was told' : undefined
  },
}

test(`C1 C2 S1 S5 S6 S9 L2 RELAY: ${RUNS} schedules of ways over hops`, { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(schedule, (drawn) => {
      const seen = observe(scenarioOf(drawn), drawn.release)
      for (const note of seen.notes) if (note.type === 'attempt.failed') sometimes.add(note.failure.code)
      const broken = Object.entries(invariants).flatMap(([name, judge]) => {
        const problem = judge(seen)
        return problem === undefined ? [] : [`${name}: ${problem}`]
      })
      expect(broken, seen.result.trace.join('\n')).toEqual([])
    }),
    { numRuns: RUNS },
  )
  // Otherwise the property has looked away.
  const wanted = [
    'HOP_REFUSED',
    'HOP_AUTH',
    'HOP_DOWNGRADE',
    'BAD_REPLY',
    'BAD_RELAY',
    'TIMEOUT',
    'CLOSED_BY_PEER',
    'ECONNRESET',
  ]
  const ways = [
    'tcp over http-proxy',
    'tcp over socks-proxy',
    'udp over socks-proxy',
    'tcp over http-proxy socks-proxy',
  ]
  expect([...sometimes]).toEqual(expect.arrayContaining([...wanted, ...ways]))
})

test('D1 the same schedule gives the same trace, byte by byte', () => {
  fc.assert(
    fc.property(schedule, (drawn) => {
      const traceOf = () => observe(scenarioOf(drawn), drawn.release).result.trace
      expect(traceOf()).toEqual(traceOf())
    }),
    { numRuns: 200 },
  )
})

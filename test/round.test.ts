import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Candidate } from '../src/candidate.ts'
import { type ClientConfig, type ClientConfigInput, ClientSchema } from '../src/config/schema.ts'
import { failure } from '../src/failure.ts'
import {
  type Round,
  answered,
  askedHost,
  bindingOf,
  reachBehind,
  reachOpen,
  expand,
  isSpent,
  drop,
  localsOf,
  newRound,
  nextLookup,
  refOf,
  startNext,
  unfitFailure,
  viewOf,
  win,
} from '../src/round.ts'

const configOf = (input: ClientConfigInput): ClientConfig => ClientSchema.parse(input)
const TWO = configOf({
  remotes: [
    { host: 'a.test', proto: 'tcp' },
    { host: 'b.test', port: 443 },
  ],
})
const SILENT = failure('EAI_AGAIN', 'resolve')

/** Answers every look-up of the remote at the cursor, then takes it. */
function take(round: Round, config: ClientConfig, names: Record<string, readonly string[] | typeof SILENT>) {
  let now = round
  for (let lookup = nextLookup(now, config); lookup; lookup = nextLookup(now, config)) {
    const answer = names[lookup.host] ?? []
    now = answered(now, lookup, 'code' in answer ? { failure: answer } : { addresses: answer })
  }
  return expand(now, config)
}
const waiting = (round: Round) => round.waiting.map(({ remote, address }) => `${remote} ${address}`)

describe('the agenda', () => {
  test('R3 is the remotes as written', () => {
    const { agenda, cursor, waiting } = newRound(TWO, 1, null)
    expect({ agenda, cursor, waiting }).toEqual({ agenda: [{ remote: 0 }, { remote: 1 }], cursor: 0, waiting: [] })
  })

  test('O3 with remote-random it is one permutation for the whole life', () => {
    const config = configOf({
      remotes: Array.from({ length: 20 }, (_, i) => ({ host: `n${i}.test` })),
      remoteRandom: true,
    })
    const order = (seed: number) => newRound(config, seed, null).agenda.map(({ remote }) => remote)
    expect(order(1)).not.toEqual(order(2))
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        expect(order(seed)).toEqual(order(seed))
        expect(order(seed).toSorted((a, b) => a - b)).toEqual(config.remotes.map((_, index) => index))
      }),
    )
  })
})

describe('look-ups', () => {
  test('a name is asked for with its families and transport', () => {
    const config = configOf({ remotes: [{ host: 'a.test', family: 'ipv6' }] })
    expect(nextLookup(newRound(config, 1, null), config)).toEqual({
      remote: 0,
      of: 'remote',
      host: 'a.test',
      transport: 'udp',
      families: ['ipv6'],
    })
  })

  test('literals are never asked for', () => {
    const config = configOf({ remotes: [{ host: '2001:db8::1', local: { host: '2001:db8::fe' } }] })
    expect(nextLookup(newRound(config, 1, null), config)).toBeNull()
  })

  test('a local name comes first, and without it the remote is not asked for', () => {
    const config = configOf({ remotes: [{ host: 'a.test', local: { host: 'me.test' } }] })
    const round = newRound(config, 1, null)
    const local = nextLookup(round, config)!
    expect(local).toMatchObject({ of: 'local', host: 'me.test' })
    expect(nextLookup(answered(round, local, { addresses: ['192.0.2.9'] }), config)).toMatchObject({ host: 'a.test' })
    const failed = answered(round, local, { failure: SILENT })
    expect(nextLookup(failed, config)).toBeNull()
    expect(expand(failed, config)).toMatchObject({ round: { cursor: 1, waiting: [] }, skipped: [] })
  })

  test('after the agenda there is nothing to ask', () => {
    const round = { ...newRound(TWO, 1, null), cursor: 2 }
    expect(nextLookup(round, TWO)).toBeNull()
    expect(expand(round, TWO)).toEqual({ round: { ...round, cursor: 3 }, skipped: [] })
  })

  test('remote-random-hostname puts 12 hex digits in front of the remote, others each time, never of the local name', () => {
    const config = configOf({ remotes: [{ host: 'a.test', local: { host: 'me.test' } }], remoteRandomHostname: true })
    const round = newRound(config, 1, null)
    const local = nextLookup(round, config)!
    const remote = nextLookup(answered(round, local, { addresses: ['192.0.2.9'] }), config)!
    expect(askedHost(local, config, 1, 1)).toBe('me.test')
    expect(askedHost(remote, TWO, 1, 1)).toBe('a.test')
    const asked = Array.from({ length: 100 }, (_, query) => askedHost(remote, config, 1, query))
    for (const host of asked) expect(host).toMatch(/^[0-9a-f]{12}\.a\.test$/)
    expect(new Set(asked).size).toBe(100)
    expect(askedHost(remote, config, 1, 5)).toBe(asked[5])
  })
})

describe('expanding', () => {
  test('a failed look-up gives no candidates and moves on', () => {
    const { round } = take(newRound(TWO, 1, null), TWO, { 'a.test': SILENT })
    expect(round).toMatchObject({ cursor: 1, waiting: [], tally: { candidates: 0, failedLookups: 1 } })
  })

  test('candidates queue behind those that wait', () => {
    const names = { 'a.test': ['192.0.2.1', '::'], 'b.test': ['192.0.2.2'] }
    const first = take(newRound(TWO, 1, null), TWO, names)
    expect(first.skipped.map((skip) => skip.failure.code)).toEqual(['BAD_ADDRESS'])
    const { round } = take(first.round, TWO, names)
    expect(waiting(round)).toEqual(['0 192.0.2.1', '1 192.0.2.2'])
    expect(round.tally.candidates).toBe(2)
  })

  const LOST: Candidate = {
    remote: 1,
    transport: 'udp',
    family: 'ipv4',
    address: '192.0.2.3',
    port: 443,
    hops: [],
  }

  test('a candidate that was lost goes first, and not twice', () => {
    const names = { 'a.test': ['192.0.2.1'], 'b.test': ['192.0.2.2', '192.0.2.3', '0.0.0.0'] }
    let { round, skipped } = take(newRound(TWO, 1, LOST), TWO, names)
    expect(waiting(round)).toEqual(['1 192.0.2.3'])
    expect(skipped).toEqual([])
    ;({ round } = take(round, TWO, names))
    // That answer serves the whole round.
    expect(nextLookup(round, TWO)).toBeNull()
    ;({ round, skipped } = expand(round, TWO))
    expect(waiting(round)).toEqual(['1 192.0.2.3', '0 192.0.2.1', '1 192.0.2.2'])
    expect(skipped).toHaveLength(1)
  })

  test('a lost candidate that is no longer in the answer is forgotten', () => {
    const { round } = take(newRound(TWO, 1, LOST), TWO, { 'b.test': ['192.0.2.9'] })
    expect(waiting(round)).toEqual([])
  })

  test('a lost literal needs no look-up to go first', () => {
    const config = configOf({ remotes: [{ host: 'a.test' }, { host: '192.0.2.3', port: 443 }] })
    const { round } = take(newRound(config, 1, LOST), config, {})
    expect(waiting(round)).toEqual(['1 192.0.2.3'])
  })
})

describe('R7 binding', () => {
  const config = configOf({
    remotes: [
      { host: 'a.test' },
      { host: 'a.test', local: { port: 1194 } },
      { host: 'a.test', local: { host: '192.0.2.9', port: 7 } },
      { host: 'a.test', local: { host: 'me.test' } },
    ],
  })
  const round = {
    ...newRound(config, 1, null),
    answers: { local: { 3: { addresses: ['nonsense', '::ffff:192.0.2.8', '2001:db8::8'] } }, remote: {} },
  }
  const candidate = (remote: number, family: 'ipv4' | 'ipv6'): Candidate => {
    return {
      remote,
      transport: 'udp',
      family,
      address: family === 'ipv4' ? '192.0.2.1' : '2001:db8::1',
      port: 1,
      hops: [],
    }
  }

  test.each([
    [0, 'ipv4', undefined],
    [1, 'ipv4', { address: undefined, port: 1194 }],
    [1, 'ipv6', { address: undefined, port: 1194 }],
    [2, 'ipv4', { address: '192.0.2.9', port: 7 }],
    // A mapped answer is its IPv4 address, and never bound for an IPv6 candidate.
    [3, 'ipv4', { address: '192.0.2.8', port: 0 }],
    [3, 'ipv6', { address: '2001:db8::8', port: 0 }],
  ] as const)('remote %i towards %s', (remote, family, binding) => {
    expect(bindingOf(round, config, candidate(remote, family))).toEqual(binding)
  })

  test('the local addresses are those of the literal or of the answer', () => {
    const families = (index: number) => localsOf(round, config.remotes[index]!, index)?.map(({ family }) => family)
    expect([0, 1, 2, 3].map(families)).toEqual([undefined, undefined, ['ipv4'], ['ipv4', 'ipv6']])
    expect(localsOf(newRound(config, 1, null), config.remotes[3]!, 3)).toEqual([])
  })
})

describe('R6 unfit', () => {
  const config = configOf({
    remotes: [
      { host: 'a.test', local: { host: '192.0.2.9' } },
      { host: 'b.test', local: { host: '192.0.2.9' } },
    ],
  })
  const judge = (a: readonly string[] | typeof SILENT, b: readonly string[] | typeof SILENT) => {
    const names = { 'a.test': a, 'b.test': b }
    return unfitFailure(take(take(newRound(config, 1, null), config, names).round, config, names).round)
  }

  test('when every remote was resolved and none fits', () => {
    expect(judge(['2001:db8::1'], ['2001:db8::2'])).toEqual({
      code: 'LOCAL_FAMILY',
      stage: 'plan',
      message:
        'no remote fits: the local address 192.0.2.9 is not ipv6; bind an address of the family that the remote has, or none',
    })
    expect(judge(['2001:db8::1'], [])).toBeDefined()
  })

  test.each([
    ['one candidate fits', ['2001:db8::1'], ['192.0.2.2']],
    ['a look-up failed: there may be more', ['2001:db8::1'], SILENT],
    ['nothing was skipped for its family', [], []],
    ['what was skipped could not be dialled anyway', ['0.0.0.0'], ['::']],
  ] as const)('not when %s', (_, a, b) => expect(judge(a, b)).toBeUndefined())
})

describe('R9 a remote behind hops', () => {
  const FERRY = { kind: 'ferry', host: 'near.test', port: 8080 }
  const config = configOf({
    remotes: [{ host: 'a.test', proto: 'tcp', hops: [FERRY, FERRY] }],
    remoteRandomHostname: true,
  })

  test('is looked up at its first hop, without a random label, which the hop has no use for', () => {
    const lookup = nextLookup(newRound(config, 1, null), config)!
    expect(lookup).toMatchObject({ remote: 0, of: 'remote', host: 'near.test' })
    expect(askedHost(lookup, config, 1, 1)).toBe('near.test')
  })

  test('needs no look-up where the first hop is an address', () => {
    const literal = configOf({ remotes: [{ host: 'a.test', proto: 'tcp', hops: [{ ...FERRY, host: '192.0.2.9' }] }] })
    expect(nextLookup(newRound(literal, 1, null), literal)).toBeNull()
    expect(waiting(take(newRound(literal, 1, null), literal, {}).round)).toEqual(['0 192.0.2.9'])
  })

  test('is reached hop by hop', () => {
    const round = startNext(take(newRound(config, 1, null), config, { 'near.test': ['192.0.2.1'] }).round, 1, 0).round
    const spot = ({ flying }: Round) => flying.map(({ stage, hop }) => `${stage} ${hop}`)
    const steps = [
      round,
      reachOpen(round, 1),
      reachBehind(round, 1, 0),
      reachBehind(round, 1, 1),
      reachBehind(round, 1, 2),
    ]
    expect(steps.flatMap(spot)).toEqual(['open 1', 'connect 1', 'negotiate 1', 'negotiate 2', 'confirm null'])
  })
})

describe('flights', () => {
  const names = { 'a.test': ['192.0.2.1', '192.0.2.2', '192.0.2.3'], 'b.test': ['192.0.2.4'] }
  const start = take(newRound(TWO, 1, null), TWO, names).round
  const flying = (round: Round) => round.flying.map(({ attempt, stage }) => `${attempt} ${stage}`)
  const one = startNext(start, 1, 0).round
  const two = startNext(one, 2, 250).round

  test('take off from the head of the queue, reach and drop by number', () => {
    expect(startNext(start, 1, 5).flight).toMatchObject({ attempt: 1, startedAt: 5, stage: 'open' })
    expect(waiting(two)).toEqual(['0 192.0.2.3'])
    expect(flying(reachOpen(two, 1))).toEqual(['1 connect', '2 open'])
    expect(flying(drop(two, 1))).toEqual(['2 open'])
    expect(flying(drop(reachBehind(two, 9, 0), 9))).toEqual(['1 open', '2 open'])
  })

  test('the winner is held, the losers go back to the head of the queue in their order', () => {
    const three = startNext(two, 3, 500).round
    const { held, newest, ...won } = win(three, 2, 600, true)
    expect(held).toMatchObject({ attempt: 2, since: 600, confirmed: true })
    expect([newest, won.flying]).toEqual([null, []])
    expect(waiting(win(two, 1, 300, false))).toEqual(['0 192.0.2.2', '0 192.0.2.3'])
    expect(win(three, 9, 600, true).held).toBeNull()
    expect(waiting(win(three, 2, 600, true))).toEqual(['0 192.0.2.1', '0 192.0.2.3'])
  })

  test('what the policy sees', () => {
    expect(viewOf(newRound(TWO, 1, null), TWO, true, 7)).toEqual({
      at: 7,
      waiting: 0,
      inFlight: 0,
      newest: null,
      resolving: true,
      unresolved: 2,
      bound: false,
    })
    expect(viewOf(two, TWO, false, 300)).toMatchObject({
      waiting: 1,
      inFlight: 2,
      newest: { startedAt: 250, flying: true },
      unresolved: 1,
    })
    expect(viewOf(drop(two, 2), TWO, false, 300).newest).toEqual({ startedAt: 250, flying: false })
  })

  test('R7 it sees that a bound attempt flies, or is the next one', () => {
    const config = configOf({ remotes: [{ host: '192.0.2.1' }, { host: '192.0.2.2', local: { port: 1194 } }] })
    const both = expand(expand(newRound(config, 1, null), config).round, config).round
    const bound = (round: Round) => viewOf(round, config, false, 0).bound
    expect(bound(both)).toBe(false)
    const second = startNext(both, 1, 0).round
    expect(bound(second)).toBe(true)
    expect(bound(startNext(second, 2, 0).round)).toBe(true)
    expect(bound(drop(startNext(second, 2, 0).round, 2))).toBe(false)
  })

  test('a round is spent when nothing waits, flies, is held, looked up or left', () => {
    const spent: Round = { ...start, cursor: 2, waiting: [] }
    expect(isSpent(spent, false)).toBe(true)
    expect(isSpent(spent, true)).toBe(false)
    expect(isSpent({ ...spent, cursor: 1 }, false)).toBe(false)
    expect(isSpent({ ...spent, waiting: start.waiting }, false)).toBe(false)
    expect(isSpent({ ...spent, flying: two.flying }, false)).toBe(false)
    expect(isSpent({ ...spent, held: win(two, 1, 0, true).held }, false)).toBe(false)
  })
})

test('a remote is named by its place, host and port', () => {
  expect(refOf(TWO, 1)).toEqual({ index: 1, host: 'b.test', port: 443 })
})

/**
 * Generates scripts of the network: a client's configuration, a world, and what befalls it. Not machine events: what
 * the machines make of a script is what is tested.
 *
 * Swarm testing: which kinds of trouble a script has at all is drawn first, one coin for each, so that a run is not
 * always a bit of everything. Everything shrinks towards one literal, no trouble and time 0.
 */
import * as fc from 'fast-check'
import type { ClientConfig, Confirmation, Remote } from '../../src/config/schema.ts'
import { parseAddress } from '../../src/endpoint.ts'
import type { ClientScenario } from '../../src/sim/scenario.ts'
import type { TimelineEntry } from '../../src/sim/timeline.ts'
import type { Answer, Behaviour, Names, Network } from '../../src/sim/world-script.ts'

const V4 = ['198.51.100.1', '198.51.100.2', '198.51.100.3']
const V6 = ['2001:db8::1', '2001:db8::2', '2001:db8::3']
const ADDRESSES = [...V4, ...V6]
const NAMES = ['a.test', 'b.test', 'c.test']
/** What a resolver may say and nobody may dial, and spellings of one address. */
const STRANGE = [
  '::ffff:198.51.100.1',
  '::ffff:c633:6402',
  '0.0.0.0',
  '::',
  '224.0.0.1',
  'ff02::1',
  '255.255.255.255',
  'fe80::1',
  'fe80::1%eth0',
  '2001:DB8:0:0::1',
  '127.1',
  'no address',
]
const SELF = { ipv4: '198.51.100.254', ipv6: '2001:db8::fe' } as const
/** Deadlines, delays and lives are drawn from the same few numbers, so that things often happen in the same instant. */
const GRID = [0, 1, 20, 50, 100, 250, 500, 1000, 3000, 5000, 9999, 10_000, 10_020, 15_000]
const SHORTAGES = ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']
const LOCAL_ERRORS = ['EACCES', 'EADDRINUSE', 'EADDRNOTAVAIL', 'EPERM']
const REMOTE_ERRORS = ['ETIMEDOUT', 'ENETUNREACH', 'EHOSTUNREACH', 'ECONNREFUSED', 'EHOSTDOWN']
const NAME_ERRORS = ['ENOTFOUND', 'ENODATA', 'EAI_AGAIN', 'ESERVFAIL', 'EREFUSED']

const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values)
const ms = (max: number) =>
  fc.oneof({ weight: 3, arbitrary: pick(...GRID.filter((n) => n <= max)) }, { weight: 1, arbitrary: fc.nat(max) })
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })

const switches = fc.record({
  names: fc.boolean(),
  badNames: fc.boolean(),
  strange: fc.boolean(),
  families: fc.boolean(),
  udp: fc.boolean(),
  confirming: fc.boolean(),
  binding: fc.boolean(),
  errors: fc.boolean(),
  losses: fc.boolean(),
  racing: fc.boolean(),
  ordering: fc.boolean(),
  shuffling: fc.boolean(),
  giving: fc.boolean(),
  repeating: fc.boolean(),
  kills: fc.boolean(),
  changes: fc.boolean(),
  commands: fc.boolean(),
  stops: fc.boolean(),
  oneStack: fc.boolean(),
})
type Switches = typeof switches extends fc.Arbitrary<infer T> ? T : never

const remote = fc.record({
  literal: pick(...ADDRESSES),
  name: pick(...NAMES),
  named: fc.boolean(),
  port: pick(1194, 443),
  proto: pick('tcp' as const, 'udp' as const),
  family: maybe(pick('ipv4' as const, 'ipv6' as const)),
  connectTimeout: pick(50, 250, 500, 1000, 3000, 10_000),
  confirm: pick('none' as const, 'openvpn' as const, 'reply' as const),
  local: maybe(
    fc.record({
      host: maybe(pick(...Object.values(SELF), 'local.test', '198.51.100.77')),
      port: pick(0, 1194, 5000),
    }),
  ),
})

const addressesAnswer = (strange: boolean): fc.Arbitrary<Answer> =>
  fc.array(
    fc.record({
      address: strange
        ? fc.oneof({ weight: 2, arbitrary: pick(...ADDRESSES) }, { weight: 1, arbitrary: pick(...STRANGE) })
        : pick(...ADDRESSES),
      delayMs: ms(5000),
    }),
    { minLength: 1, maxLength: 4 },
  )
const MANY: Answer = Array.from({ length: 28 }, (_, i) => ({ address: `203.0.113.${i + 1}`, delayMs: 0 }))
const badAnswer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ fail: pick(...NAME_ERRORS), afterMs: ms(5000) }),
  fc.constant({ silent: true as const }),
)
const answers = fc.record({
  good: fc.array(addressesAnswer(false), { minLength: 1, maxLength: 3 }),
  strange: fc.array(
    fc.oneof({ weight: 19, arbitrary: addressesAnswer(true) }, { weight: 1, arbitrary: fc.constant(MANY) }),
    {
      minLength: 1,
      maxLength: 2,
    },
  ),
  bad: fc.array(fc.oneof({ weight: 2, arbitrary: badAnswer }, { weight: 1, arbitrary: addressesAnswer(false) }), {
    minLength: 1,
    maxLength: 3,
  }),
  turn: fc.nat(2),
})
const names = fc.record({ 'a.test': answers, 'b.test': answers, 'c.test': answers, 'local.test': answers })
type NamesDraw = typeof names extends fc.Arbitrary<infer T> ? T : never

const behaviour = fc.record({
  kind: pick('connect' as const, 'refuse' as const, 'connect' as const, 'blackhole' as const, 'unreachable' as const),
  ms: ms(3000),
  answer: maybe(ms(3000)),
  reset: maybe(ms(15_000)),
  error: maybe(
    fc.record({
      code: fc.oneof(pick(...SHORTAGES), pick(...LOCAL_ERRORS), pick(...REMOTE_ERRORS)),
      afterMs: ms(1000),
      times: maybe(fc.integer({ min: 1, max: 7 })),
    }),
  ),
})
type BehaviourDraw = typeof behaviour extends fc.Arbitrary<infer T> ? T : never
const network = fc.array(
  fc.record({ address: pick(...ADDRESSES), port: maybe(pick(1194, 443)), tcp: behaviour, udp: behaviour }),
  { maxLength: 8 },
)
type NetworkDraw = typeof network extends fc.Arbitrary<infer T> ? T : never

const moment = fc.oneof({ weight: 2, arbitrary: ms(15_000) }, { weight: 1, arbitrary: fc.nat(30_000) })
const changes = fc.array(
  fc.record({
    atMs: moment,
    network,
    names,
    what: pick('network' as const, 'names' as const, 'bindError' as const),
    code: pick(...LOCAL_ERRORS, null),
  }),
  { maxLength: 3 },
)
const kills = fc.array(
  fc.record({
    atMs: moment,
    address: pick(...ADDRESSES),
    how: pick('reset' as const, 'fin' as const, 'vanish' as const),
  }),
  { maxLength: 4 },
)
const commands = fc.array(
  fc.record({ atMs: moment, do: pick('next' as const, 'reject' as const, 'network-changed' as const) }),
  { maxLength: 5 },
)

const draw = fc.record({
  on: switches,
  seed: fc.integer({ min: 0, max: 0xffff_ffff }),
  remotes: fc.array(remote, { minLength: 1, maxLength: 4 }),
  names,
  network,
  changes,
  kills,
  commands,
  stop: moment,
  untilMs: pick(8000, 15_000, 30_000),
  resolveTimeout: pick(50, 500, 1000, 5000),
  resolvRetry: pick(0, 3000, 10_000, 20_000),
  connectRetryMax: fc.integer({ min: 1, max: 4 }),
  connectRetry: pick({ min: 1000, max: 300_000 }, { min: 1000, max: 3000 }, { min: 5000, max: 5000 }),
  attemptDelay: pick(10, 50, 250, 1000),
  maxInFlight: fc.integer({ min: 1, max: 3 }),
  order: fc.record({
    kind: pick<ClientConfig['candidateOrder']['kind']>(
      'as-returned',
      'interleave',
      'first-other',
      'ipv6-first',
      'ipv4-first',
    ),
    count: fc.integer({ min: 1, max: 3 }),
  }),
  randomHostname: fc.boolean(),
  binds: maybe(pick(...LOCAL_ERRORS)),
  stack: pick('ipv4' as const, 'ipv6' as const),
})
type Draw = typeof draw extends fc.Arbitrary<infer T> ? T : never

/** One script, every default written out. */
export const script: fc.Arbitrary<ClientScenario> = draw.map(assemble)

function assemble(drawn: Draw): ClientScenario {
  const { on, stack } = drawn
  const self = on.oneStack ? [SELF[stack]] : Object.values(SELF)
  return {
    config: configOf(drawn),
    seed: drawn.seed,
    names: namesOf(drawn.names, on),
    network: networkOf(drawn.network, on),
    self,
    binds: on.binding && on.errors && drawn.binds ? { '0.0.0.0:5000/tcp': drawn.binds } : {},
    timeline: timelineOf(drawn),
    untilMs: drawn.untilMs,
  }
}

function configOf({ on, ...drawn }: Draw): ClientConfig {
  return {
    mode: 'client',
    remotes: drawn.remotes.map((one) => remoteOf(one, on)),
    remoteRandom: on.shuffling,
    remoteRandomHostname: on.shuffling && drawn.randomHostname,
    resolveTimeout: drawn.resolveTimeout,
    resolvRetry: on.repeating ? drawn.resolvRetry : 'infinite',
    connectRetry: drawn.connectRetry,
    connectRetryMax: on.giving ? drawn.connectRetryMax : 0,
    pacing: {
      policy: on.racing ? 'newest' : 'sequential',
      attemptDelay: drawn.attemptDelay,
      maxInFlight: drawn.maxInFlight,
    },
    candidateOrder: on.ordering ? drawn.order : { kind: 'as-returned', count: 1 },
  }
}

function remoteOf(drawn: Draw['remotes'][number], on: Switches): Remote {
  const { port, connectTimeout, literal, local } = drawn
  const host = on.names && drawn.named ? drawn.name : literal
  const proto = on.udp ? drawn.proto : 'tcp'
  const forced = on.families ? drawn.family : undefined
  const family = forced && (parseAddress(host)?.family ?? forced) === forced ? forced : undefined
  const bound =
    on.binding && local ? { port: local.port, ...(local.host !== undefined && { host: local.host }) } : undefined
  return {
    host,
    port,
    proto,
    hops: [],
    connectTimeout,
    confirm: confirmOf(on.confirming ? drawn.confirm : 'none', proto),
    ...(family && { family }),
    ...(bound && { local: bound }),
  }
}

function confirmOf(kind: Confirmation['kind'], proto: Remote['proto']): Confirmation {
  if (kind === 'reply') return proto === 'udp' ? { kind, text: 'hello' } : { kind: 'openvpn' }
  return { kind }
}

function namesOf(drawn: NamesDraw, on: Switches): Names {
  const table: Names = {}
  for (const [name, { good, strange, bad, turn }] of Object.entries(drawn)) {
    const kinds = [good, on.strange ? strange : good, on.badNames ? bad : good]
    const answers = kinds[turn] ?? good
    table[name] = answers
    // Behind a random label it is another name, unless the script says so.
    if (on.shuffling) table[`*.${name}`] = answers
  }
  return table
}

function networkOf(drawn: NetworkDraw, on: Switches): Network {
  const table: Network = {}
  for (const { address, port, tcp, udp } of drawn) {
    const key = port === undefined ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
    table[key] = { tcp: behaviourOf(tcp, 'tcp', on), udp: behaviourOf(udp, 'udp', on) }
  }
  return table
}

function behaviourOf(drawn: BehaviourDraw, transport: 'tcp' | 'udp', on: Switches): Behaviour {
  const error = on.errors ? drawn.error : undefined
  if (error && error.times === undefined) return { error: error.code, afterMs: error.afterMs }
  const rest = restOf(drawn, transport, on)
  return error && Object.keys(rest).length > 0
    ? { error: error.code, afterMs: error.afterMs, times: error.times, ...rest }
    : rest
}

function restOf({ kind, ms, answer, reset }: BehaviourDraw, transport: 'tcp' | 'udp', on: Switches): Behaviour {
  if (kind === 'blackhole') return {}
  if (kind !== 'connect') return { [kind]: ms }
  const says = answer === undefined ? { mute: true as const } : { answer }
  return { ...(transport === 'tcp' && { connect: ms }), ...says, ...(on.losses && reset !== undefined && { reset }) }
}

function timelineOf({ on, ...drawn }: Draw): TimelineEntry[] {
  const entries: TimelineEntry[] = []
  if (on.kills) for (const { atMs, address, how } of drawn.kills) entries.push({ atMs, kill: { address, how } })
  if (on.changes)
    for (const change of drawn.changes) {
      const { atMs, what } = change
      if (what === 'network') entries.push({ atMs, network: networkOf(change.network, on) })
      else if (what === 'names') entries.push({ atMs, names: namesOf(change.names, on) })
      else entries.push({ atMs, bindError: { '0.0.0.0:5000/tcp': change.code } })
    }
  if (on.commands) entries.push(...drawn.commands)
  if (on.stops) entries.push({ atMs: drawn.stop, do: 'stop' })
  return entries
}

export interface Healing {
  readonly scenario: ClientScenario
  /** From then on one remote resolves and one of its candidates connects. */
  readonly from: number
  /** How long that takes at most (L1), when `failed` rounds in a row lie behind it. */
  readonly bound: (failed: number) => number
}

/** Trouble for a while, then one good candidate for ever, and nothing else befalls. */
export const healing: fc.Arbitrary<Healing> = fc
  .record({ scenario: script, from: ms(15_000), which: fc.nat(3), latency: ms(1000), address: pick(0, 1) })
  .map(({ scenario, from, which, latency, address }) => {
    const { config, names, timeline } = scenario
    const index = which % config.remotes.length
    const healed = { ...config.remotes[index] } as Remote
    delete healed.local
    const remotes = config.remotes.with(index, healed)
    const family = parseAddress(healed.host)?.family ?? healed.family ?? (address ? 'ipv6' : 'ipv4')
    const good = parseAddress(healed.host)?.address ?? (family === 'ipv6' ? '2001:db8::9' : '198.51.100.9')
    const takes = Math.min(latency, healed.connectTimeout - 1)
    const key = family === 'ipv6' ? `[${good}]:${healed.port}` : `${good}:${healed.port}`
    const answer: Answer[] = [[{ address: good, delayMs: 0 }]]
    const before = timeline.filter((entry) => entry.atMs <= from && !('do' in entry && entry.do === 'stop'))
    const heal: TimelineEntry[] = [
      { atMs: from, network: { [key]: { tcp: { connect: takes, answer: 0 }, udp: { answer: takes } } } },
      ...(good === healed.host ? [] : [{ atMs: from, names: { [healed.host]: answer, [`*.${healed.host}`]: answer } }]),
    ]
    const resolvRetry = config.resolvRetry === 0 ? 'infinite' : config.resolvRetry
    const patient: ClientConfig = { ...config, remotes, resolvRetry, connectRetryMax: 0 }
    const bound = boundOf(
      patient,
      [names, ...before.flatMap((entry) => ('names' in entry ? [entry.names] : []))],
      takes,
    )
    return {
      scenario: {
        ...scenario,
        config: patient,
        self: Object.values(SELF),
        timeline: [...before, ...heal],
        untilMs: from + bound(12),
      },
      from,
      bound,
    }
  })

function boundOf(
  { remotes, resolveTimeout, resolvRetry, connectRetry }: ClientConfig,
  tables: readonly Names[],
  latency: number,
) {
  const longest = (host: string) =>
    Math.max(
      1,
      ...tables.flatMap((table) =>
        [table[host] ?? [], table[`*.${host}`] ?? []]
          .flat()
          .map((answer) => (Array.isArray(answer) ? answer.length : 0)),
      ),
    )
  const candidates = remotes.reduce((sum, { host }) => sum + Math.min(25, longest(host)), 0)
  const attempt = Math.max(...remotes.map(({ connectTimeout }) => connectTimeout))
  // A bound remote may have two names, and the remote of a lost candidate is asked before the others.
  const lookUps = 2 * (remotes.length + 1) * (resolveTimeout + (resolvRetry === 'infinite' ? 0 : resolvRetry))
  return (failed: number) => {
    const pause = 1.1 * Math.min(connectRetry.max, connectRetry.min * 2 ** Math.max(0, failed + 1 - 4))
    return lookUps + (candidates + 1) * attempt + pause + latency
  }
}

/** Fixed answers, nobody who ever connects, nothing that befalls, and so many rounds allowed. */
export const hopeless: fc.Arbitrary<ClientScenario> = fc
  .record({ scenario: script, rounds: fc.integer({ min: 1, max: 3 }) })
  .map(({ scenario, rounds }) => {
    const { config, names, network } = scenario
    const refusing = ({ connect, answer, mute, reset, times, ...rest }: Behaviour): Behaviour => {
      const speaks = [connect, answer, mute, reset].some((value) => value !== undefined)
      return speaks ? { refuse: connect ?? answer ?? 0 } : { ...rest, ...(rest.error === undefined ? {} : { times }) }
    }
    return {
      ...scenario,
      config: {
        ...config,
        connectRetryMax: rounds,
        remotes: config.remotes.map((one) =>
          one.proto === 'udp' ? { ...one, confirm: { kind: 'openvpn' as const } } : one,
        ),
      },
      names: Object.fromEntries(Object.entries(names).map(([name, answers]) => [name, answers.slice(0, 1)])),
      network: Object.fromEntries(
        Object.entries(network).map(([key, { tcp, udp }]) => [
          key,
          { tcp: refusing(tcp ?? {}), udp: refusing(udp ?? {}) },
        ]),
      ),
      timeline: [],
      untilMs: 3_600_000,
    }
  })

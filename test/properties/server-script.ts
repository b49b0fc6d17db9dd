/**
 * Generates scripts for servers: a configuration, a host, who comes, and what befalls them. `script.ts` is its sister
 * for clients, and says how swarms work. Everything shrinks towards one block, nobody who comes, and time 0.
 */
import * as fc from 'fast-check'
import type { Listen, ServerConfig } from '../../src/config/server-schema.ts'
import { type Family, formatEndpoint, parseAddress } from '../../src/endpoint.ts'
import type { ServerScenario } from '../../src/sim/scenario.ts'
import type { From, TimelineEntry } from '../../src/sim/timeline.ts'
import type { Answer, Binds, Names } from '../../src/sim/world-script.ts'
import { clash, isNamed, membersOf } from '../reference/places.ts'

const OWN: Readonly<Record<Family, readonly string[]>> = {
  ipv4: ['198.51.100.254', '198.51.100.253'],
  ipv6: ['2001:db8::fe', '2001:db8::fd'],
}
const ALL_OWN = [...OWN.ipv4, ...OWN.ipv6]
const FOREIGN = ['198.51.100.77', '2001:db8::77']
/** The first two of IPv6 are neighbours: they have one /64. */
const SOURCES: Readonly<Record<Family, readonly string[]>> = {
  ipv4: ['203.0.113.1', '203.0.113.2', '203.0.113.3'],
  ipv6: ['2001:db8:1:1::1', '2001:db8:1:1::2', '2001:db8:1:2::1'],
}
const NAMES = ['a.test', 'b.test', 'c.test', 'd.test']
/** What a resolver may say and nobody may bind, and spellings of one address. */
const STRANGE = ['::ffff:198.51.100.254', '0.0.0.0', '::', '224.0.0.1', 'fe80::1', '2001:DB8:0:0::fe', 'no address']
/** Times are drawn from the same few numbers, so that things often happen in the same instant. */
const GRID = [0, 1, 20, 250, 1000, 1100, 3000, 5000, 10_000, 30_000, 60_000]
const NAME_ERRORS = ['ENOTFOUND', 'EAI_AGAIN', 'ESERVFAIL']
const BIND_ERRORS = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EMFILE', 'ENOBUFS']
const DEATHS = ['ENETDOWN', 'EMFILE', 'EBADF']
/** The first that the virtual host hands out. */
const CHOSEN = 49_152

const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values)
const ms = (max: number) =>
  fc.oneof({ weight: 3, arbitrary: pick(...GRID.filter((n) => n <= max)) }, { weight: 1, arbitrary: fc.nat(max) })
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })
const moment = fc.oneof({ weight: 2, arbitrary: ms(10_000) }, { weight: 1, arbitrary: fc.nat(60_000) })

const switches = fc.record({
  any: fc.boolean(),
  names: fc.boolean(),
  badNames: fc.boolean(),
  strange: fc.boolean(),
  families: fc.boolean(),
  foreign: fc.boolean(),
  ports: fc.boolean(),
  oneStack: fc.boolean(),
  multihome: fc.boolean(),
  moving: fc.boolean(),
  errors: fc.boolean(),
  deaths: fc.boolean(),
  visitors: fc.boolean(),
  crowds: fc.boolean(),
  kills: fc.boolean(),
  limits: fc.boolean(),
  rates: fc.boolean(),
  silence: fc.boolean(),
  answers: fc.boolean(),
  drains: fc.boolean(),
  stops: fc.boolean(),
})
type Switches = typeof switches extends fc.Arbitrary<infer T> ? T : never

const block = fc.record({
  proto: pick('udp' as const, 'tcp' as const),
  host: pick('none' as const, 'wildcard6' as const, 'wildcard4' as const, 'own' as const, 'name' as const),
  which: fc.nat(3),
  port: pick<number>(1194, 443, 0),
  family: maybe(pick('ipv4' as const, 'ipv6' as const)),
})
type BlockDraw = typeof block extends fc.Arbitrary<infer T> ? T : never

const goodAnswer: fc.Arbitrary<Answer> = fc.array(fc.record({ address: pick(...ALL_OWN), delayMs: ms(3000) }), {
  minLength: 1,
  maxLength: 4,
})
const strangeAnswer: fc.Arbitrary<Answer> = fc.array(
  fc.record({ address: pick(...ALL_OWN, ...FOREIGN, ...STRANGE), delayMs: ms(1000) }),
  { minLength: 1, maxLength: 4 },
)
const badAnswer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ fail: pick(...NAME_ERRORS), afterMs: ms(3000) }),
  fc.constant({ silent: true as const }),
)
const answers = fc.record({
  good: goodAnswer,
  strange: strangeAnswer,
  bad: fc.array(badAnswer, { minLength: 1, maxLength: 2 }),
  turn: fc.nat(2),
})

/** An address and port of a block, told by numbers, so that it is found in whatever blocks there are. */
const spot = fc.record({ block: fc.nat(3), address: fc.nat(3), port: fc.nat(2) })
type SpotDraw = typeof spot extends fc.Arbitrary<infer T> ? T : never

const trouble = fc.record({
  spot,
  asked: fc.boolean(),
  code: pick(...BIND_ERRORS),
  from: fc.oneof(fc.constant(0), moment),
  lasts: maybe(ms(30_000)),
})
const death = fc.record({ spot, atMs: moment, code: pick(...DEATHS), again: pick(0, 0, 1, 8) })
const visitor = fc.record({
  spot,
  atMs: fc.oneof({ weight: 3, arbitrary: moment }, { weight: 1, arbitrary: fc.nat(190_000) }),
  source: fc.nat(2),
  client: fc.nat(7),
  astray: fc.boolean(),
  send: maybe(pick('', 'x', 'hello')),
  sendAfterMs: ms(5000),
  closeAfterMs: maybe(ms(30_000)),
  count: fc.integer({ min: 1, max: 6 }),
  everyMs: pick(0, 1, 20, 250, 1000),
  returns: maybe(fc.record({ afterMs: ms(60_000), elsewhere: fc.nat(1) })),
})
type VisitorDraw = typeof visitor extends fc.Arbitrary<infer T> ? T : never
const kill = fc.record({
  atMs: moment,
  address: pick(...SOURCES.ipv4, ...SOURCES.ipv6),
  how: pick('reset' as const, 'fin' as const, 'vanish' as const),
})
const move = fc.record({ atMs: moment, self: fc.subarray(ALL_OWN), isTold: fc.boolean() })
const rate = fc.record({ count: fc.integer({ min: 1, max: 4 }), window: pick(250, 1000, 5000, 60_000) })

const draw = fc.record({
  on: switches,
  seed: fc.integer({ min: 0, max: 0xffff_ffff }),
  blocks: fc.array(block, { minLength: 1, maxLength: 4 }),
  names: fc.tuple(answers, answers, answers, answers),
  stack: pick('ipv4' as const, 'ipv6' as const),
  moves: fc.array(move, { maxLength: 3 }),
  troubles: fc.array(trouble, { maxLength: 4 }),
  deaths: fc.array(death, { maxLength: 3 }),
  visitors: fc.array(visitor, { maxLength: 6 }),
  kills: fc.array(kill, { maxLength: 2 }),
  maxClients: fc.integer({ min: 1, max: 8 }),
  rates: fc.record({ connectFreq: maybe(rate), sourceFreq: maybe(rate) }),
  maxPending: maybe(fc.integer({ min: 1, max: 4 })),
  handWindow: maybe(pick(250, 1000, 5000)),
  resolveTimeout: pick(250, 1000, 5000),
  echo: fc.integer({ min: 1, max: 3 }),
  drain: fc.record({ atMs: moment, graceMs: maybe(ms(5000)) }),
  stop: moment,
  untilMs: pick(8000, 30_000, 90_000, 200_000),
})
type Draw = typeof draw extends fc.Arbitrary<infer T> ? T : never

/** One script, every default written out. */
export const serverScript: fc.Arbitrary<ServerScenario> = draw.map(assemble)

function assemble(drawn: Draw): ServerScenario {
  const { on, stack } = drawn
  const config = configOf(drawn)
  return {
    config,
    seed: drawn.seed,
    names: namesOf(drawn),
    network: {},
    self: on.oneStack ? OWN[stack] : ALL_OWN,
    binds: on.errors ? bindsOf(drawn, config) : {},
    ...(on.answers && { server: { echo: drawn.echo } }),
    timeline: timelineOf(drawn, config),
    untilMs: drawn.untilMs,
  } as ServerScenario
}

function configOf({ on, ...drawn }: Draw): ServerConfig {
  return {
    mode: 'server',
    listen: withoutClashes(drawn.blocks.map((one) => listenOf(one, on))),
    bindPolicy: on.any ? 'any' : 'all',
    multihome: on.multihome,
    resolveTimeout: drawn.resolveTimeout,
    maxClients: on.limits ? drawn.maxClients : 1024,
    amplificationLimit: on.answers && on.limits,
    ...(on.silence && drawn.maxPending !== undefined && { maxPending: drawn.maxPending }),
    ...(on.silence && drawn.handWindow !== undefined && { handWindow: drawn.handWindow }),
    ...(on.rates && drawn.rates.connectFreq && { connectFreq: drawn.rates.connectFreq }),
    ...(on.rates && drawn.rates.sourceFreq && { sourceFreq: drawn.rates.sourceFreq }),
  }
}

function listenOf({ proto, host: kind, which, port, family }: BlockDraw, on: Switches): Listen {
  const host = hostOf(kind, which, on)
  const forced = on.families && (parseAddress(host ?? '')?.family ?? family) === family ? family : undefined
  return { proto, port: on.ports ? port : 1194, ...(host !== undefined && { host }), ...(forced && { family: forced }) }
}

function hostOf(kind: BlockDraw['host'], which: number, on: Switches): string | undefined {
  if (kind === 'wildcard6') return '::'
  if (kind === 'wildcard4') return '0.0.0.0'
  if (kind === 'name') return on.names ? NAMES[which] : undefined
  if (kind === 'own') return on.foreign && which === 0 ? FOREIGN[0] : ALL_OWN[which]
  return undefined
}

const withoutClashes = (blocks: readonly Listen[]): readonly Listen[] =>
  blocks.filter((one, i) => !blocks.slice(0, i).some((before) => clash(before, one)))

function namesOf({ on, names }: Draw): Names {
  return Object.fromEntries(
    names.map(({ good, strange, bad, turn }, i) => {
      const kinds = [[good], on.strange ? [strange] : [good], on.badNames ? [...bad, good] : [good]]
      return [NAMES[i], kinds[turn] ?? [good]]
    }),
  )
}

// --- where ---

/** What a block may bind. */
function addressesOf(listen: Listen, multihome: boolean): readonly string[] {
  if (isNamed(listen)) return ALL_OWN
  return membersOf(listen, [], multihome ? ALL_OWN : undefined).map(({ address }) => address)
}

function placeOf({ block, address, port }: SpotDraw, { listen, multihome }: ServerConfig, asked = false) {
  const one = listen[block % listen.length] as Listen
  const addresses = addressesOf(one, multihome)
  const text = addresses[address % addresses.length] ?? ''
  const family: Family = text.includes(':') ? 'ipv6' : 'ipv4'
  return { family, address: text, port: one.port || (asked ? 0 : CHOSEN + port), transport: one.proto }
}

function spelled(...where: Parameters<typeof placeOf>): string {
  const { transport, ...endpoint } = placeOf(...where)
  return `${formatEndpoint(endpoint)}/${transport}`
}

// --- what befalls ---

function bindsOf({ troubles }: Draw, config: ServerConfig): Binds {
  const first = troubles.filter(({ from }) => from === 0)
  return Object.fromEntries(first.map(({ spot, asked, code }) => [spelled(spot, config, asked), code]))
}

function timelineOf({ on, ...drawn }: Draw, config: ServerConfig): TimelineEntry[] {
  const entries: TimelineEntry[] = []
  if (on.moving)
    for (const { atMs, self, isTold } of drawn.moves) {
      entries.push({ atMs, self })
      if (isTold) entries.push({ atMs, do: 'network-changed' })
    }
  if (on.errors)
    for (const { spot, asked, code, from, lasts } of drawn.troubles) {
      const place = spelled(spot, config, asked)
      if (from > 0) entries.push({ atMs: from, bindError: { [place]: code } })
      if (lasts !== undefined) entries.push({ atMs: from + lasts, bindError: { [place]: null } })
    }
  if (on.deaths)
    for (const { atMs, spot, code, again } of drawn.deaths)
      for (let i = 0; i <= again; i++)
        entries.push({ atMs: atMs + i * 2500, die: { listener: spelled(spot, config), code } })
  if (on.visitors)
    for (const one of drawn.visitors) {
      const { atMs, spot, returns } = one
      entries.push({ atMs, from: fromOf(one, config, on.crowds) })
      if (!returns) continue
      const elsewhere = { ...spot, address: spot.address + returns.elsewhere }
      entries.push({ atMs: atMs + returns.afterMs, from: fromOf({ ...one, spot: elsewhere }, config, on.crowds) })
    }
  if (on.kills) for (const { atMs, address, how } of drawn.kills) entries.push({ atMs, kill: { address, how } })
  if (on.drains) {
    const { atMs, graceMs } = drawn.drain
    entries.push({ atMs, do: 'drain', ...(graceMs !== undefined && { graceMs }) })
  }
  if (on.stops) entries.push({ atMs: drawn.stop, do: 'stop' })
  return entries
}

/** Each client has source ports of its own, and may come again. */
function fromOf(drawn: VisitorDraw, config: ServerConfig, isCrowd: boolean): From {
  const { spot, source, client, astray, send, sendAfterMs, closeAfterMs } = drawn
  const { transport: meant, ...place } = placeOf(spot, config)
  const { family, address, port } = place
  const isWildcard = address === '0.0.0.0' || address === '::'
  const other = meant === 'tcp' ? 'udp' : 'tcp'
  const transport = astray && source === 0 ? other : meant
  const own = OWN[family]
  return {
    source: { family, address: SOURCES[family][source] ?? '', port: 40_000 + 100 * client },
    to: { family, address: isWildcard ? (own[spot.port % own.length] ?? '') : address, port },
    transport,
    ...(send !== undefined && { send }),
    ...(transport === 'tcp' && send !== undefined && { sendAfterMs }),
    ...(transport === 'tcp' && closeAfterMs !== undefined && { closeAfterMs }),
    count: isCrowd ? drawn.count : 1,
    everyMs: drawn.everyMs,
  }
}

// --- scripts that are compared with others ---

/** Nobody is refused, and no client is dropped for another: those who come have nothing to do with each other. */
const hospitably = (drawn: Draw): Draw => ({
  ...drawn,
  on: { ...drawn.on, limits: false, rates: false, drains: false },
  maxPending: undefined,
})
export const hospitable: fc.Arbitrary<ServerScenario> = draw.map(hospitably).map(assemble)

/** Blocks that want nothing of each other: each has its own port, and its own name, since answers are given in turn. */
const independently = (drawn: Draw): Draw => ({
  ...drawn,
  on: { ...drawn.on, ports: true, any: true },
  blocks: drawn.blocks.map((one, i) => ({ ...one, which: i, port: 2000 + i })),
})
export const independent: fc.Arbitrary<ServerScenario> = draw.map(hospitably).map(independently).map(assemble)

/** Blocks as somebody may write them, clashing or not. */
export const blocks: fc.Arbitrary<readonly Listen[]> = fc.array(
  block.map((drawn) =>
    listenOf(drawn, { names: drawn.which < 2, families: true, ports: true, foreign: false } as Switches),
  ),
  { minLength: 1, maxLength: 4 },
)

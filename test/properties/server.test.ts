/**
 * A server's invariants on generated scripts. A run that breaks one fails with its number, and shrinks to a smaller script
 * that breaks the same one (D4). The seed is fixed, as in `client.test.ts`, and the environment's variables are the same.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import { type Listen, ServerSchema } from '../../src/config/server-schema.ts'
import { validateConfig } from '../../src/config/validate.ts'
import { type Endpoint, formatEndpoint } from '../../src/endpoint.ts'
import type { ServerNote } from '../../src/roster.ts'
import { type ServerScenario, parseScenario } from '../../src/sim/scenario.ts'
import { clash, isNamed } from '../reference/places.ts'
import { type ServerInvariantId, serverBrokenBy, serverInvariants } from './server-invariants.ts'
import { type ServerObservation, observeServer } from './server-observe.ts'
import { blocks, hospitable, independent, serverScript } from './server-script.ts'

const seed = Number(process.env['SOCKCHART_SEED'] ?? 20_261_122)
const schedules = Number(process.env['SOCKCHART_SCHEDULES'] ?? 5000)
const part = (share: number) => ({ seed, numRuns: Math.ceil(schedules * share) })

/** `SOCKCHART_ONLY`: the one invariant that is to be looked at (`break.mjs`). */
const wanted = process.env['SOCKCHART_ONLY']
const isWanted = (id: string) => !wanted || wanted === id
const only = Object.keys(serverInvariants).find((id) => id === wanted) as ServerInvariantId | undefined

/** Throws for what the run breaks; once something is found, only the same counts, so that shrinking keeps to it. */
function judge() {
  let found = only
  return (seen: ServerObservation) => {
    // V6, U1 and U3 are none of those that every run is judged by.
    const broken = wanted && !only ? undefined : serverBrokenBy(seen, found)
    if (!broken) return
    found = broken.id
    throw new Error(`${broken.id}: ${broken.how}`)
  }
}

/** What a set of scripts has to bring about now and then, or the generator has lost its teeth. */
const SOMETIMES = {
  'many sockets': /server listening on [4-9]$/,
  'a start that fails for a bind': /server failed E\w+ at bind$/,
  'a start that fails for a name': /server failed \w+ at resolve$/,
  'a look-up that ends by our deadline': /failed RESOLVE_TIMEOUT at resolve$/,
  'a block that is resolved again': /block \d again in/,
  'an address that is not bound': /block \d skipped .*BAD_ADDRESS/,
  'an implied wildcard without its family': /server warned this machine has no/,
  'a wildcard on a host of several addresses': /server warned this host has several/,
  'a port that the system chose': /bound to .*:49152$/,
  'that port on another family': /bound to \[::\]:49152$/,
  'a bind that may not be': /listener \d+ failed EACCES at bind$/,
  'a shortage that lasts': /listener \d+ failed EMFILE at bind$/,
  'a death': /listener \d+ lost ENETDOWN at accept$/,
  'too many rebinds': /escalated RESTARTED_TOO_OFTEN/,
  'a listener that was given up': /listener \d+ closed$/,
  'a fourth client': /peer [4-9] from .* accepted/,
  'too many clients': /refused .* MAX_CLIENTS/,
  'too many at a time': /refused .* CONNECT_FREQ/,
  'too many of one source': /refused .* SOURCE_FREQ/,
  'a silent client': /dropped HAND_WINDOW/,
  'too many silent clients': /dropped MAX_PENDING/,
  'the end of a grace': /dropped GRACE/,
  'an end by the client or of its minute': /peer \d+ closed$/,
  'a drain': /server draining$/,
  'a change of the network': /network changed$/,
  'a stop': /server stopped$/,
}

const sometimes = new Set<string>()
const missing = () => Object.entries(SOMETIMES).filter(([what]) => !sometimes.has(what))

function notice({ result: { trace } }: ServerObservation): void {
  for (const [what, line] of missing()) if (trace.some((text) => line.test(text))) sometimes.add(what)
}

test(`${Object.keys(serverInvariants).join(' ')} hold on ${schedules} schedules`, { timeout: 300_000 }, () => {
  const hold = judge()
  fc.assert(
    fc.property(serverScript, (scenario) => {
      const seen = observeServer(scenario)
      notice(seen)
      hold(seen)
    }),
    part(1),
  )
  if (schedules >= 5000) expect(missing().map(([what]) => what)).toEqual([])
})

/** What was told of some listeners and their clients; each client is known by its place among them, not by its number. */
function told(notes: readonly ServerNote[], isOurs: (note: ServerNote) => boolean): readonly string[] {
  const peers: number[] = []
  return notes.flatMap((note) => {
    if (note.type === 'peer.accepted' && isOurs(note)) peers.push(note.peer)
    if (!('peer' in note)) return isOurs(note) ? JSON.stringify(note) : []
    const place = peers.indexOf(note.peer)
    return place < 0 ? [] : JSON.stringify({ ...note, peer: place })
  })
}

/** Throws at the first difference, with the number of what should have made none. */
function compare(id: 'V6' | 'U1', before: readonly string[], after: readonly string[]): void {
  const longer = before.length > after.length ? before : after
  const at = longer.findIndex((_, i) => before[i] !== after[i])
  if (at >= 0) throw new Error(`${id}: ${before[at]} became ${after[at]}`)
}

test.runIf(isWanted('V6'))('V6 without one client all is the same for the others', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(hospitable, fc.nat(), (scenario, which) => {
      const sources = scenario.timeline.flatMap((entry) => ('from' in entry ? entry.from.source : []))
      const one = sources[which % sources.length]
      // A crowd comes from one source port after the other.
      const isOne = (source: Endpoint | null) =>
        source?.address === one?.address && Math.floor((source?.port ?? 0) / 100) === Math.floor((one?.port ?? 0) / 100)
      const timeline = scenario.timeline.filter((entry) => !('from' in entry) || !isOne(entry.from.source))
      const ofOthers = ({ notes }: ServerObservation) =>
        told(notes, (note) => !('remote' in note && isOne(note.remote)))
      compare('V6', ofOthers(observeServer(scenario)), ofOthers(observeServer({ ...scenario, timeline })))
    }),
    part(0.2),
  )
})

test.runIf(isWanted('U1'))(
  'U1 whatever becomes of a block, all is the same for the others',
  { timeout: 60_000 },
  () => {
    fc.assert(
      fc.property(independent, fc.nat(), fc.boolean(), (scenario, which, isNameless) => {
        const { listen } = scenario.config
        const index = which % listen.length
        const { family: _, ...block } = listen[index] as Listen
        const broken = { ...block, host: isNameless ? 'nobody.test' : '192.0.2.1' }
        const config = { ...scenario.config, listen: listen.with(index, broken) }
        const [whole, without] = [observeServer(scenario), observeServer({ ...scenario, config })] as const
        // Without any socket a server fails, other blocks or not.
        if ([whole, without].some(({ result }) => result.outcome === 'failed')) return
        const isOthers = (note: ServerNote) => {
          if ('listener' in note) return (note.listener - 1) % listen.length !== index
          if ('query' in note) return (note.query - 1) % listen.length !== index
          return 'block' in note && note.block !== index
        }
        compare('U1', told(whole.notes, isOthers), told(without.notes, isOthers))
      }),
      part(0.2),
    )
  },
)

/** As an administrator writes it, in `LINES` lines. */
const textOf = ({ proto, host, port, family }: Listen) => [
  '<listen>',
  `proto ${proto}`,
  host === undefined ? '' : `local ${host}`,
  `port ${port}`,
  family ?? '',
  '</listen>',
]
const LINES = 6
const lineOf = (index: number) => 2 + index * LINES

test.runIf(isWanted('U3'))(
  'U3 blocks that clash are refused with both lines, as the system would',
  { timeout: 60_000 },
  () => {
    fc.assert(
      fc.property(blocks, (listen) => {
        const rivals = listen.map((one, i) => listen.findIndex((before, j) => j < i && clash(before, one)))
        const clashes = rivals.flatMap((rival, i) => (rival < 0 ? [] : `${lineOf(i)} ${lineOf(rival)} ${lineOf(i)}`))
        const text = ['mode server', ...listen.flatMap(textOf)].join('\n')
        const found = parseConfig({ file: 'server.conf', text }).issues.filter(({ code }) => code === 'R8')
        const told = found.map(({ line, message }) => [line, ...message.matchAll(/(?<=\(line )\d+/g)].join(' '))
        if (told.join() !== clashes.join()) throw new Error(`U3: told of ${told.join()}, not ${clashes.join()}`)
        const { issues } = validateConfig({ mode: 'server', listen })
        if (issues.length !== clashes.length) throw new Error('U3: an object is judged otherwise')
        if (listen.some(isNamed)) return
        const { trace } = observeServer(unchecked(listen)).result
        const isRefused = trace.some((line) => line.endsWith(' failed EADDRINUSE at bind'))
        if (isRefused !== clashes.length > 0) throw new Error(`U3: the system binds otherwise: ${trace.join('; ')}`)
      }),
      part(0.2),
    )
  },
)

/** A server of whose blocks nobody has judged, on a host that has whatever they want. */
const unchecked = (listen: readonly Listen[]): ServerScenario => ({
  config: { ...ServerSchema.parse({ listen: [{}] }), listen, bindPolicy: 'any' },
  seed: 1,
  names: {},
  network: {},
  self: ['198.51.100.254', '198.51.100.253', '2001:db8::fe', '2001:db8::fd'],
  binds: {},
  timeline: [],
  untilMs: 0,
})

/** In a file, where a visitor comes from and goes to is text. */
const isPlace = (key: string) => key === 'source' || key === 'to'
const fileOf = (scenario: ServerScenario) =>
  JSON.stringify(scenario, (key, value: unknown) => (isPlace(key) ? formatEndpoint(value as Endpoint) : value))

test('every generated script is a scenario file', () => {
  fc.assert(
    fc.property(serverScript, (scenario) => {
      const parsed = parseScenario(JSON.parse(fileOf(scenario)))
      if ('problems' in parsed) expect(parsed.problems).toEqual([])
      else expect(parsed.scenario).toEqual(scenario)
    }),
    { seed, numRuns: 300 },
  )
})

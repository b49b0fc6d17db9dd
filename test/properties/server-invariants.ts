/**
 * The invariants of a server's run, by their names: C conservation, V a server, U its blocks, D determinism. Each looks
 * at one observation and says what is wrong with it, or nothing. They know no machine: only the script, the notes, and
 * what the network saw.
 */
import type { Rate } from '../../src/config/server-schema.ts'
import { type Address, type Endpoint, formatEndpoint } from '../../src/endpoint.ts'
import type { ServerNote } from '../../src/roster.ts'
import { type Member, isNamed, membersOf } from '../reference/places.ts'
import { type Arrival, type Guests, type NoteOf, type Peer, guestsIn } from './server-guests.ts'
import { type ServerObservation, observeServer } from './server-observe.ts'

type Invariant = (seen: ServerObservation, guests: Guests) => string | undefined

const SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])
/** A kernel without the family says so, and one whose administrator has turned it off. */
const NO_FAMILY: ReadonlySet<string> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])
/** A UDP peer that was not heard for so long, ms, has gone. */
const IDLE = 60_000
const GRACE = 30_000
const MINUTE = 60_000
const REBINDS = 5
const LONG_LIFE = 10_000

export const serverInvariants = {
  /** Every socket and client is closed once, every peer and look-up ends at most once, and what is told is what there is. */
  C1({ berths, callers, events, notes, bug }, { strays }) {
    const bad = bug === undefined ? [...berths, ...callers].find((one) => timesOf(one).length !== 1) : undefined
    if (bad) return `a socket of listener ${bad.listener} was closed ${timesOf(bad).length} times`
    const [stray] = strays
    if (stray) return `${stray.type} is told of nobody`
    return repeated(notes) ?? untrue(events)
  },

  /** When the server has ended, nothing is left. */
  C2({ leftAtEnd, bug }) {
    if (bug !== undefined) return bug instanceof Error ? bug.message : 'something was thrown'
    return leftAtEnd.length > 0 ? `left at the end: ${leftAtEnd.join(', ')}` : undefined
  },

  /** What is bound is what was asked for; or it has failed, and says which member. */
  V1(seen) {
    const { notes } = seen
    const listening = notes.findIndex(({ type }) => type === 'server.listening')
    const failed = notes.findIndex(({ type }) => type === 'server.failed')
    const over = notes.some(({ type }) => ['server.draining', 'server.stopped', 'server.failed'].includes(type))
    return (
      (listening >= 0 ? unlike(seen, listening, true) : undefined) ??
      (failed >= 0 ? wrongFailure(seen, failed) : undefined) ??
      (over || seen.bug !== undefined ? undefined : unlike(seen, notes.length - 1, false))
    )
  },

  /** Port 0 is one port for all of its block, and stays it. */
  V2({ notes, scenario: { config } }) {
    const chosen = new Map<number, number>()
    const bound = new Map<number, number>()
    let isListening = false
    const blockOf = (listener: number) => (listener - 1) % config.listen.length
    for (const note of notes) {
      if (note.type === 'server.listening') {
        isListening = true
        for (const [listener, port] of bound) chosen.set(blockOf(listener), port)
      }
      if (note.type === 'listener.lost' || note.type === 'listener.closed') bound.delete(note.listener)
      if (note.type !== 'listener.bound') continue
      const { listener, local } = note
      const block = blockOf(listener)
      if (config.listen[block]?.port !== 0) continue
      const others = [...bound].filter(([other]) => blockOf(other) === block).map(([, port]) => port)
      const other = [chosen.get(block), ...others].find((port) => port !== undefined && port !== local.port)
      if (other !== undefined) return `block ${block + 1} has ports ${other} and ${local.port}`
      bound.set(listener, local.port)
      if (isListening) chosen.set(block, local.port)
    }
    return undefined
  },

  /** Never more than max-clients; whoever comes is let in or refused, once, and the counts add up. */
  V3({ scenario: { config }, result, notes, bug }, { arrivals }) {
    for (const arrival of arrivals) {
      const { at, live, known, verdicts, caller } = arrival
      const who = `${formatEndpoint(arrival.remote)} at ${at} ms`
      if (live.size > config.maxClients) return `${live.size} clients`
      if (verdicts.length !== (known ? 0 : 1)) return `${who} had ${verdicts.length} verdicts`
      const isFull = !known && live.size === config.maxClients
      if (isFull !== (refusalOf(arrival) === 'MAX_CLIENTS')) return `${who} came as one of ${live.size + 1}`
      if (caller && refusalOf(arrival) && caller.goneAt[0] !== at) return `${who} was refused and not closed`
    }
    if (bug !== undefined || !result.counters) return undefined
    const { accepted, live, closed, dropped, refused } = result.counters
    const count = (type: ServerNote['type']) => notes.filter((note) => note.type === type).length
    if (accepted !== live + closed + dropped) return `${accepted} accepted, ${live} + ${closed} + ${dropped} there`
    const counted = accepted === count('peer.accepted') && refused === count('peer.refused')
    return counted ? undefined : `${accepted} accepted and ${refused} refused were counted`
  },

  /** connect-freq and connect-freq-source: no window, wherever it begins, has more than it may; nor is room refused. */
  V4({ scenario: { config } }, { arrivals }) {
    const accepted: Arrival[] = []
    const isSpent = (rate: Rate | undefined, before: readonly Arrival[], now: number) =>
      rate !== undefined && before.filter(({ at }) => now - at < rate.window).length >= rate.count
    for (const arrival of arrivals) {
      const { at, remote, known, live } = arrival
      if (known || live.size >= config.maxClients) continue
      const own = accepted.filter((other) => siteOf(other.remote) === siteOf(remote))
      const due = isSpent(config.connectFreq, accepted, at)
        ? 'CONNECT_FREQ'
        : isSpent(config.sourceFreq, own, at)
          ? 'SOURCE_FREQ'
          : undefined
      const said = refusalOf(arrival)
      if (said !== due) return `${formatEndpoint(remote)} at ${at} ms: ${said ?? 'let in'}, not ${due ?? 'let in'}`
      if (!said) accepted.push(arrival)
    }
    return undefined
  },

  /** A shortage is waited out within the bind, five times and no faster; a client that was let in goes for a reason only. */
  V5({ berths, events, notes }, { peers }) {
    const openings = new Map<number, number[]>()
    for (const event of events) {
      if (event.kind === 'note' && event.note.type === 'listener.started') openings.set(event.note.listener, [])
      if (event.kind === 'opened') openings.get(event.berth.listener)?.push(event.at)
      if (event.kind !== 'note' || event.note.type !== 'listener.failed') continue
      const { listener, failure } = event.note
      const times = openings.get(listener) ?? []
      if (times.length !== (SHORTAGES.has(failure.code) ? 6 : times.length))
        return `listener ${listener} gave up on ${failure.code} after ${times.length} tries`
    }
    for (const times of openings.values()) {
      const wrong = times.findIndex((at, i) => i > 0 && at - (times[i - 1] ?? 0) !== 100 * 2 ** (i - 1))
      if (wrong >= 0) return `a bind was tried again after ${(times[wrong] ?? 0) - (times[wrong - 1] ?? 0)} ms`
    }
    if (berths.length > 2000) return `${berths.length} sockets were opened`
    const endedAt = endOf(notes)
    for (const { arrival, endedAt: told, end, peer } of peers) {
      const { caller } = arrival
      const goneAt = caller?.goneAt[0]
      if (!caller || goneAt === undefined || goneAt === endedAt) continue
      const left = caller.leftAt === goneAt && end === 'closed'
      const dropped = end !== undefined && end !== 'closed'
      if ((left || dropped) && told === goneAt) continue
      // What the end of the script closes is told to nobody.
      if (told === undefined && caller.leftAt === undefined && endedAt === undefined) continue
      return `peer ${peer} went at ${goneAt} ms for no reason`
    }
    return undefined
  },

  /** hand-window: who has said nothing is dropped at its end, to the ms, and nobody else; max-pending: the oldest goes. */
  V7({ scenario: { config, untilMs }, notes }, { peers, arrivals }) {
    const { handWindow, maxPending = handWindow === undefined ? Infinity : 100 } = config
    const over = Math.min(endOf(notes) ?? Infinity, untilMs)
    for (const peer of peers) {
      const { caller, at } = peer.arrival
      const due = at + (handWindow ?? Infinity)
      const isSilent = caller !== undefined && caller.speaksAt > due
      const isHere = peer.endedAt === undefined ? over > due : peer.endedAt > due
      if (isSilent && isHere) return `peer ${peer.peer} was silent until ${due} ms, and not dropped`
      if (peer.end === 'HAND_WINDOW' && (!isSilent || peer.endedAt !== due))
        return `peer ${peer.peer} was dropped at ${peer.endedAt}, not ${due} ms`
      if (peer.end !== 'MAX_PENDING') continue
      const silent = peer.among.filter((one) => isSilentAt(one, peer.endedAt ?? 0))
      if (silent.length <= maxPending || silent[0] !== peer) return `peer ${peer.peer} was dropped for no other`
    }
    for (const arrival of arrivals) {
      if (!arrival.caller || refusalOf(arrival)) continue
      const wrong = wrongfullyPending(arrival, peers, maxPending)
      if (wrong) return wrong
    }
    return undefined
  },

  /** A drain closes the listeners first, then waits for the clients until the grace ends, and not a ms longer. */
  V8({ events, notes, scenario: { timeline, untilMs } }, { peers }) {
    const drain = events.findIndex((event) => event.kind === 'note' && event.note.type === 'server.draining')
    const at = events[drain]?.at
    if (at === undefined) return undefined
    const entry = timeline.find((one) => 'do' in one && one.do === 'drain' && one.atMs === at)
    const grace = entry && 'do' in entry ? (entry.graceMs ?? GRACE) : 0
    const after = events.slice(drain + 1)
    const late = after.find((event) => event.kind === 'opened' || event.kind === 'came' || event.kind === 'datagram')
    if (late) return `something was ${late.kind} at ${late.at} ms, after the drain`
    const firstDrop = after.findIndex((event) => event.kind === 'note' && event.note.type === 'peer.dropped')
    const closings = after.filter((event) => event.kind === 'closed')
    const slow = closings.find((event) => event.at !== at || (firstDrop >= 0 && after.indexOf(event) > firstDrop))
    if (slow) return `a listener was closed at ${slow.at} ms, the drain was at ${at}`
    const evicted = peers.find(({ end, endedAt }) => end === 'GRACE' && endedAt !== at + grace)
    if (evicted) return `peer ${evicted.peer} was dropped at ${evicted.endedAt}, not ${at + grace} ms`
    const stopped = endOf(notes)
    if (stopped === undefined) return at + grace <= untilMs ? `not over ${grace} ms after ${at}` : undefined
    const isTold = timeline.some((one) => 'do' in one && one.do === 'stop' && one.atMs === stopped)
    const last = Math.max(at, ...peers.map(({ arrival, endedAt = 0 }) => (arrival.caller ? endedAt : 0)))
    return isTold || stopped === last ? undefined : `stopped at ${stopped} ms, the last client went at ${last}`
  },

  /** Rebinds wait as long as they have to, a second at least; more than 5 in 60 s escalate once, then one each minute. */
  U2({ notes, scenario: { untilMs } }) {
    const over = Math.min(endOf(notes) ?? Infinity, untilMs)
    for (const [listener, life] of livesOf(notes)) {
      const wrong = wrongPause(life, over)
      if (wrong) return `listener ${listener}: ${wrong}`
    }
    return undefined
  },

  /** A UDP peer is one address and port at one listener: a peer from its first datagram there until 60 s after its last. */
  U4({ notes, scenario: { untilMs } }, { arrivals, peers }) {
    const strange = arrivals.find(({ caller, known, verdicts }) => !caller && verdicts.length !== (known ? 0 : 1))
    if (strange) return `${formatEndpoint(strange.remote)} is another peer, or none, of listener ${strange.listener}`
    if (new Set(peers.map(({ peer }) => peer)).size < peers.length) return 'two peers have one number'
    const over = Math.min(endOf(notes) ?? Infinity, untilMs)
    for (const { arrival, heardAt, endedAt, peer } of peers) {
      if (arrival.caller) continue
      const due = (heardAt.at(-1) ?? 0) + IDLE
      const closed = notes.some(
        (note) => note.type === 'listener.closed' && note.listener === arrival.listener && note.at === endedAt,
      )
      if (endedAt === undefined ? over > due : endedAt !== due && !closed)
        return `peer ${peer} was last heard at ${heardAt.at(-1)} and closed at ${endedAt} ms`
    }
    return undefined
  },

  /** The same script gives the same bytes again. */
  D1({ scenario, result }) {
    return JSON.stringify(observeServer(scenario).result) === JSON.stringify(result)
      ? undefined
      : 'the second run differs'
  },
} satisfies Record<string, Invariant>

export type ServerInvariantId = keyof typeof serverInvariants

/** The first invariant that a run breaks, and how. `only`: look at that one alone. */
export function serverBrokenBy(
  seen: ServerObservation,
  only?: ServerInvariantId,
): { readonly id: ServerInvariantId; readonly how: string } | undefined {
  const guests = guestsIn(seen)
  const ids = only ? [only] : (Object.keys(serverInvariants) as ServerInvariantId[])
  for (const id of ids) {
    const how = serverInvariants[id](seen, guests)
    if (how !== undefined) return { id, how }
  }
  return undefined
}

// --- what several of them look at ---

function endOf(notes: readonly ServerNote[]): number | undefined {
  return notes.find(({ type }) => type === 'server.failed' || type === 'server.stopped')?.at
}

function refusalOf({ verdicts }: Arrival): string | undefined {
  const [verdict] = verdicts
  return verdict?.type === 'peer.refused' ? verdict.failure.code : undefined
}

/** The network of one site: an IPv4 address, or the first 64 bits of an IPv6 one, which are written out here. */
function siteOf({ family, address }: Address): string {
  return family === 'ipv4' ? address : address.slice(0, address.indexOf('::'))
}

// --- C1 ---

const timesOf = (one: { readonly closedAt: readonly number[] } | { readonly goneAt: readonly number[] }) =>
  'closedAt' in one ? one.closedAt : one.goneAt

function repeated(notes: readonly ServerNote[]): string | undefined {
  const ended = new Set<string>()
  for (const note of notes) {
    if (!('query' in note) && !('peer' in note)) continue
    const subject = 'query' in note ? `query ${note.query}` : `peer ${note.peer}`
    if (ended.has(subject)) return `${note.type} of ${subject} after its end`
    if (!note.type.endsWith('.started') && note.type !== 'peer.accepted') ended.add(subject)
  }
  return undefined
}

/** From which states a listener may come to what is told of it; `none`: it was not told of yet. */
const COMES_FROM: Readonly<Record<string, readonly string[]>> = {
  started: ['none', 'failed', 'closed', 'waiting'],
  bound: ['started'],
  failed: ['started'],
  lost: ['bound'],
  escalated: ['failed', 'lost'],
  waiting: ['failed', 'lost', 'escalated'],
  closed: ['started', 'bound', 'failed', 'lost', 'waiting'],
}

/** What is told of listeners comes in order, and what is said to be bound is. */
function untrue(events: ServerObservation['events']): string | undefined {
  const states = new Map<number, string>()
  const open = new Map<number, Endpoint | undefined>()
  for (const event of events) {
    if (event.kind === 'opened') open.set(event.berth.listener, undefined)
    if (event.kind === 'closed') open.delete(event.berth.listener)
    if (event.kind !== 'note' || !('listener' in event.note) || event.note.type === 'peer.accepted') continue
    if (event.note.type === 'peer.refused') continue
    const { note } = event
    const state = note.type.slice('listener.'.length)
    const before = states.get(note.listener) ?? 'none'
    if (!COMES_FROM[state]?.includes(before)) return `listener ${note.listener} is ${state}, and was ${before}`
    states.set(note.listener, state)
    if (state === 'bound' && !open.has(note.listener)) return `listener ${note.listener} is bound without a socket`
    if ((state === 'failed' || state === 'lost') && open.has(note.listener))
      return `listener ${note.listener} is ${state}, and its socket is open`
  }
  return undefined
}

// --- V1 ---

interface Seat {
  readonly block: number
  readonly endpoint: Endpoint
  readonly state: string
  readonly wasBound: boolean
  readonly code: string | undefined
}

/** The listeners after these notes. */
function seatsAfter(notes: readonly ServerNote[]): ReadonlyMap<number, Seat> {
  const seats = new Map<number, Seat>()
  for (const note of notes) {
    if (note.type === 'listener.started') {
      const { listener, block, endpoint } = note
      const wasBound = seats.get(listener)?.wasBound ?? false
      seats.set(listener, { block, endpoint, state: 'started', wasBound, code: undefined })
      continue
    }
    if (!note.type.startsWith('listener.') || !('listener' in note)) continue
    const seat = seats.get(note.listener)
    if (!seat) continue
    const code = 'failure' in note ? note.failure?.code : undefined
    const state = note.type.slice('listener.'.length)
    seats.set(note.listener, { ...seat, state, code, wasBound: seat.wasBound || state === 'bound' })
  }
  return seats
}

const isSkipped = ({ state, code }: Seat) => state === 'closed' && NO_FAMILY.has(code ?? '')

/** What each block should have by now; `undefined`: its name is not answered (yet). */
function membersAfter({ notes, scenario, moves }: ServerObservation, index: number): (readonly Member[] | undefined)[] {
  const { listen, multihome } = scenario.config
  const before = notes.slice(0, index + 1)
  const change = before.findLast(({ type }) => type === 'network.changed')
  const own = (change && moves.get(change)) ?? scenario.self
  const blocks = new Map(
    before.filter((note) => note.type === 'query.started').map(({ query, block }) => [query, block]),
  )
  const answers = before.filter((note) => note.type === 'query.answered')
  return listen.map((one, block) => {
    const answer = answers.findLast(({ query }) => blocks.get(query) === block)
    if (isNamed(one) && !answer) return undefined
    return membersOf(one, answer?.addresses ?? [], multihome ? own : undefined)
  })
}

function unlike(seen: ServerObservation, index: number, isStart: boolean): string | undefined {
  const { config } = seen.scenario
  const seats = [...seatsAfter(seen.notes.slice(0, index + 1)).values()]
  const note = seen.notes[index]
  const bound = seats.filter(({ state }) => state === 'bound').length
  if (note?.type === 'server.listening' && note.bound !== bound)
    return `${note.bound} are told to be bound, not ${bound}`
  for (const [block, members] of membersAfter(seen, index).entries()) {
    if (!members && config.bindPolicy === 'all' && isStart) return `block ${block + 1} was never answered`
    const there = seats.filter((seat) => seat.block === block && (seat.state !== 'closed' || isSkipped(seat)))
    const asked = (members ?? []).map(({ address }) => address).toSorted()
    const got = there.map(({ endpoint }) => endpoint.address).toSorted()
    if (asked.join() !== got.join()) return `block ${block + 1} has ${got.join(' ')}, not ${asked.join(' ')}`
    for (const seat of there) {
      const kind = members?.find(({ address }) => address === seat.endpoint.address)?.kind
      const name = formatEndpoint(seat.endpoint)
      if (isSkipped(seat) && kind !== 'wildcard') return `${name} was asked for, and skipped`
      if (isSkipped(seat) && isStart && !there.some(({ wasBound }) => wasBound)) return `${name} is all there is`
      const isFatal = isStart && config.bindPolicy === 'all' && kind !== 'own'
      if (isFatal && !seat.wasBound && !isSkipped(seat)) return `${name} is not bound`
    }
  }
  return undefined
}

function wrongFailure(seen: ServerObservation, index: number): string | undefined {
  const { notes, berths, scenario } = seen
  const { failure, at } = notes[index] as NoteOf<'server.failed'>
  if (notes.slice(0, index).some(({ type }) => type === 'server.listening')) return 'a server that listened has failed'
  const block = Number(/^block (\d+), /.exec(failure.message)?.[1]) - 1
  const tried = notes.filter((note) => note.type === 'listener.started' && note.block === block)
  const places = tried.flatMap((note) => ('endpoint' in note && note.endpoint ? note.endpoint.address : []))
  const { host = 'multihome' } = scenario.config.listen[block] ?? {}
  const isNamedIn = [...places, host].some((member) => failure.message.includes(member))
  if (!isNamedIn) return `"${failure.message}" names no member`
  const open = berths.find(({ closedAt }) => closedAt[0] !== undefined && closedAt[0] > at)
  if (open) return `listener ${open.listener} was open after the failure`
  const bound = [...seatsAfter(notes.slice(0, index)).values()].find(({ state }) => state === 'bound')
  const isAny = scenario.config.bindPolicy === 'any'
  return isAny && bound ? `it failed while ${formatEndpoint(bound.endpoint)} was bound` : undefined
}

// --- V7 ---

const isSilentAt = ({ arrival: { caller } }: Peer, at: number) => caller !== undefined && caller.speaksAt > at

function wrongfullyPending({ at, caller, live }: Arrival, peers: readonly Peer[], max: number): string | undefined {
  const isSilent = (one: Peer) => isSilentAt(one, at)
  const own = peers.find(({ arrival }) => arrival.caller === caller)
  const silent = [...live].filter(isSilent)
  const victims = peers.filter(({ end, endedAt }) => end === 'MAX_PENDING' && endedAt === at)
  if (own && isSilent(own)) silent.push(own)
  const [oldest] = silent
  if (silent.length <= max || !oldest) return undefined
  return victims.includes(oldest) ? undefined : `${silent.length} silent clients, and ${oldest.peer} was not dropped`
}

// --- U2 ---

function livesOf(notes: readonly ServerNote[]): ReadonlyMap<number, readonly ServerNote[]> {
  const lives = new Map<number, ServerNote[]>()
  for (const note of notes) {
    if (!note.type.startsWith('listener.') || !('listener' in note)) continue
    const life = lives.get(note.listener)
    if (life) life.push(note)
    else lives.set(note.listener, [note])
  }
  return lives
}

function wrongPause(life: readonly ServerNote[], over: number): string | undefined {
  let [failures, boundAt, escalated, again] = [0, 0, false, undefined as number | undefined]
  const rebinds: number[] = []
  // One without a port waits for a sibling that is just being given one.
  const isAnyPort = life.some((note) => note.type === 'listener.started' && note.endpoint.port === 0)
  const isLate = (due: number | undefined, at: number) => due !== undefined && at > due && !isAnyPort
  for (const [i, note] of life.entries()) {
    switch (note.type) {
      case 'listener.started':
        if ((again ?? 0) > note.at || isLate(again, note.at)) return `bound again at ${note.at}, not ${again} ms`
        if (again !== undefined) rebinds.push(note.at)
        again = undefined
        break
      case 'listener.bound':
        boundAt = note.at
        break
      case 'listener.failed':
        failures++
        break
      case 'listener.lost':
        failures = note.at - boundAt >= LONG_LIFE ? 1 : failures + 1
        escalated &&= note.at - boundAt < MINUTE
        break
      case 'listener.waiting': {
        const isTooOften = rebinds.filter((at) => note.at - at < MINUTE).length > REBINDS
        const isSaid = life[i - 1]?.type === 'listener.escalated'
        if (isSaid !== (isTooOften && !escalated)) return `escalated: ${isSaid}, at ${note.at} ms`
        escalated ||= isTooOften
        const due = escalated ? MINUTE : Math.min(MINUTE, 1000 * 2 ** Math.max(0, failures - 4))
        const isJittered = note.ms >= due && note.ms <= Math.ceil(due * (escalated ? 1 : 1.1))
        if (!isJittered) return `waits ${note.ms} ms, not ${due}`
        again = note.at + note.ms
        break
      }
      case 'listener.closed':
        again = undefined
        break
      default:
    }
  }
  return isLate(again, over) ? `was not bound again at ${again} ms` : undefined
}

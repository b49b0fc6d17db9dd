/**
 * The invariants of a client's run, by their names: C conservation, S safety, O order, L liveness, D determinism. Each looks at one observation and
 * says what is wrong with it, or nothing. They know no machine: only the script, the notes, and what the network saw.
 */
import type { Remote } from '../../src/config/schema.ts'
import { parseAddress, undialable } from '../../src/endpoint.ts'
import type { Note } from '../../src/ledger.ts'
import { fraction } from '../../src/seed.ts'
import { normal } from '../reference/candidates.ts'
import { normalised, predict } from '../reference/model.ts'
import { type Life, type Observation, observe } from './observe.ts'
import { type PlayedRound, plannedOf, remoteOrder, roundsOf } from './rounds.ts'

type Invariant = (seen: Observation, rounds: readonly PlayedRound[]) => string | undefined

const SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])

/** A connection that lived so long, ms, was a success. */
const LONG_LIFE = 10_000
/** However long it lived: it was not wanted, or a refusal shows that it never worked. */
const BELITTLED: ReadonlySet<string> = new Set(['REJECTED', 'NEXT', 'ECONNREFUSED'])

export const invariants = {
  /** Every socket that was opened is closed once, and every attempt and look-up ends at most once. */
  C1({ sockets, notes }) {
    const bad = sockets.find(({ closedAt }) => closedAt.length !== 1)
    if (bad) return `a socket of attempt ${bad.attempt} was closed ${bad.closedAt.length} times`
    return repeated(endsOf(notes)) ?? unended(notes)
  },

  /** When the client has ended, nothing is left. */
  C2({ leftAtEnd, bug }) {
    if (bug !== undefined) return bug instanceof Error ? bug.message : 'something was thrown'
    return leftAtEnd.length > 0 ? `left at the end: ${leftAtEnd.join(', ')}` : undefined
  },

  /** At most max-in-flight sockets; one for sequential and for bound clients. */
  S1({ scenario, events, notes }) {
    const { pacing } = scenario.config
    const limit = pacing.policy === 'sequential' ? 1 : pacing.maxInFlight
    const bound = boundAttempts({ scenario, notes })
    const open = new Set<Life>()
    for (const { socket, opens } of events) {
      if (opens) open.add(socket)
      else open.delete(socket)
      if (open.size > limit) return `${open.size} sockets at once`
      if (open.size > 1 && [...open].some(({ attempt }) => bound.has(attempt))) return 'a bound socket is not alone'
    }
    return undefined
  },

  /** Sequential and bound clients open a socket only after the last one was closed. */
  S2({ scenario, sockets, notes }) {
    const bound = boundAttempts({ scenario, notes })
    const alone = ({ attempt }: Life) => scenario.config.pacing.policy === 'sequential' || bound.has(attempt)
    for (const [i, socket] of sockets.entries()) {
      const last = sockets[i - 1]
      if (last && alone(socket) && (last.closedAt[0] ?? Infinity) > socket.openedAt)
        return `attempt ${socket.attempt} opened before attempt ${last.attempt} had closed`
    }
    return undefined
  },

  /** A socket is bound to its own candidate's family, and only where the configuration says so. */
  S3({ binds, notes, scenario }) {
    const wrong = binds.find(({ family, address }) => address !== undefined && normal(address)?.family !== family)
    if (wrong) return `${wrong.address} was bound for ${wrong.family}`
    const bound = boundAttempts({ scenario, notes })
    for (const note of notes)
      if (note.type === 'attempt.opened' && note.local && !bound.has(note.attempt))
        return `attempt ${note.attempt} was bound unasked`
    return undefined
  },

  /** What is dialled is in the round's answer for that remote, or its literal, and may be dialled. */
  S4({ scenario: { config }, sockets, notes }, rounds) {
    const started = startsOf(notes)
    for (const { attempt, remote: dialled, transport } of sockets) {
      const index = started.get(attempt)?.candidate.remote ?? -1
      const remote = config.remotes[index]
      if (!remote) return `attempt ${attempt} was never started`
      if (dialled.port !== remote.port || transport !== remote.proto) return `attempt ${attempt} dialled another port`
      const round = rounds.find(({ tried }) => tried.some(({ n }) => n === attempt))
      const answer = parseAddress(remote.host) ? [remote.host] : round?.answers.get(`remote ${index}`)
      const known = Array.isArray(answer) && answer.some((text) => normal(text)?.address === dialled.address)
      if (!known) return `attempt ${attempt} dialled ${dialled.address}, which nobody answered`
      if (undialable(dialled) !== undefined) return `attempt ${attempt} dialled ${undialable(dialled)}`
    }
    return undefined
  },

  /** Nothing is told of an attempt or a look-up that has ended. */
  S5({ notes }) {
    const ended = new Set<string>()
    for (const note of notes) {
      const subject = subjectOf(note)
      if (subject && ended.has(subject)) return `${note.type} of ${subject} after its end`
      if (subject && isEnd(note)) ended.add(subject)
    }
    return undefined
  },

  /** A connection is told once, before any loss, and lost once. */
  S6({ notes }) {
    let held: number | undefined
    for (const note of notes) {
      if (note.type === 'attempt.won') {
        if (held !== undefined) return `attempt ${note.attempt} won while ${held} was held`
        held = note.attempt
      }
      if (note.type !== 'attempt.lost') continue
      if (held !== note.attempt) return `attempt ${note.attempt} was lost and never won`
      held = undefined
    }
    return undefined
  },

  /** A shortage of our own costs the attempt a socket, five times, 100 ms and doubling; never the candidate its turn. */
  S8({ notes, sockets }) {
    const of = grouped(sockets)
    for (const lives of of.values())
      for (const [i, { openedAt }] of lives.entries()) {
        const before = lives[i - 1]?.closedAt[0]
        if (before !== undefined && openedAt - before !== 100 * 2 ** (i - 1))
          return `attempt ${lives[i]?.attempt} opened again after ${openedAt - before} ms`
      }
    for (const note of notes)
      if (note.type === 'attempt.failed' && SHORTAGES.has(note.failure.code) && of.get(note.attempt)?.length !== 6)
        return `attempt ${note.attempt} gave up on ${note.failure.code} after ${of.get(note.attempt)?.length} sockets`
    return undefined
  },

  /** The attempts of a round are the plan's, in the plan's order; a lost candidate goes first. */
  O1({ scenario }, rounds) {
    for (const round of rounds) {
      const planned = planOf(round, scenario)
      // Losers of a race are tried again when their winner is gone; their order was judged the first time.
      const tried = [...new Set(round.tried.map(({ key }) => key))]
      const wrong = tried.findIndex((key, i) => planned[i] !== key)
      if (wrong >= 0) return `at ${round.startedAt} ms: ${tried[wrong]} was tried instead of ${planned[wrong]}`
    }
    return undefined
  },

  /** No candidate is tried twice in a round, and a failed round has tried all of them. Losers of races have not had their turn. */
  O2({ scenario }, rounds) {
    for (const round of rounds) {
      const done = new Set<string>()
      for (const { key, end } of round.tried) {
        if (done.has(key)) return `${key} was tried twice in one round`
        if (end !== 'cancelled') done.add(key)
      }
      if (round.end !== 'failed' || isRefused(round)) continue
      const missed = planOf(round, scenario).find((key) => !done.has(key))
      if (missed !== undefined) return `the round failed and ${missed} was not tried`
    }
    return undefined
  },

  /** `remote-random` is one permutation for the whole life; else remotes come as written. */
  O3({ scenario }, rounds) {
    const order = remoteOrder(scenario)
    for (const { remotes } of rounds) {
      const ranks = remotes.map((remote) => order.indexOf(remote))
      if (ranks.some((rank, i) => rank <= (ranks[i - 1] ?? -1))) return `remotes came as ${remotes.join()}`
    }
    return undefined
  },

  /** After a long life its remote is asked first and its candidate tried first; after a short one the round goes on at once. */
  O4({ notes, scenario }, rounds) {
    let wonAt = 0
    for (const [i, note] of notes.entries()) {
      if (note.type === 'attempt.won') wonAt = note.at
      if (note.type !== 'attempt.lost') continue
      const isLong = note.at - wonAt >= LONG_LIFE
      if (note.kept !== isLong && (note.kept || !BELITTLED.has(note.failure.code)))
        return `a life of ${note.at - wonAt} ms was ${note.kept ? 'kept' : 'no success'}`
      const then = notes[i + 1]
      if (!then) continue
      const goesOn = note.kept ? then.type === 'round.ended' : then.type !== 'round.ended'
      if (!goesOn || (then.at !== note.at && !isCommand(then)))
        return `after the loss of ${note.attempt} came ${then.type}`
    }
    for (const round of rounds) {
      if (round.lost === undefined || round.lostRemote === undefined) continue
      const query = round.notes.find((note) => note.type === 'query.started')
      const asks = scenario.config.remotes[round.lostRemote] as Remote
      if (query && !parseAddress(asks.host) && query.remote.index !== round.lostRemote)
        return `the remote that was lost was not asked first`
      const stillThere = plannedOf(round, scenario, round.lostRemote)?.includes(round.lost)
      if (stillThere && round.tried[0] && round.tried[0].key !== round.lost)
        return `${round.tried[0].key} went before ${round.lost}`
    }
    return undefined
  },

  /** Pauses follow 1 1 1 1 2 4 8 ... times the seed's factor, are kept, and start anew after a long life only. */
  O5({ notes, scenario: { config, seed, timeline } }) {
    let failed = 0
    for (const [i, note] of notes.entries()) {
      if (note.type === 'round.failed') failed++
      if (note.type === 'round.ended') failed = 0
      if (note.type !== 'backoff.started') continue
      const { min, max } = config.connectRetry
      const pause = note.ms / (1 + 0.1 * fraction(seed, 'backoff', failed))
      const due = Math.min(max, min * 2 ** Math.min(15, Math.max(0, failed - 4)))
      if (Math.abs(pause - due) > 0.5) return `the pause after ${failed} failed rounds was ${pause} ms, not ${due}`
      const next = notes.slice(i + 1).find(({ type }) => type === 'round.started')
      const cut = timeline.some((entry) => 'do' in entry && entry.atMs === next?.at)
      if (next && next.at !== note.at + note.ms && !cut) return `the pause of ${note.ms} ms took ${next.at - note.at}`
    }
    return undefined
  },

  /** No stall: from one start of an attempt to the next there are at most a deadline, the look-ups and the pauses. */
  L2({ notes, scenario: { config, untilMs } }) {
    const slowest = Math.max(...config.remotes.map(({ connectTimeout }) => connectTimeout))
    const lookUps = (2 * config.remotes.length + 1) * lookUpBound(config)
    let since: number | undefined = 0
    let allowed = slowest + lookUps
    const late = (at: number) => since !== undefined && at - since > allowed
    for (const note of notes) {
      if (note.type === 'backoff.started') allowed += note.ms + lookUps
      if (note.type === 'attempt.won') since = undefined
      if (note.type !== 'attempt.started' && note.type !== 'attempt.lost') continue
      if (late(note.at)) return `nothing was tried from ${since} to ${note.at} ms`
      since = note.at
      allowed = slowest + lookUps
    }
    const over = notes.some(({ type }) => type === 'client.failed' || type === 'client.stopped')
    return !over && late(untilMs) ? `nothing was tried after ${since} ms` : undefined
  },

  /** No loop that takes no time: a failed round costs its pause, and no instant has more than 1,000 notes. */
  L3({ notes, scenario: { timeline } }) {
    let failedAt: number | undefined
    for (const [i, note] of notes.entries()) {
      if (notes[i + 1000]?.at === note.at) return `more than 1,000 notes at ${note.at} ms`
      if (note.type === 'round.failed') failedAt = note.at
      if (note.type !== 'round.started') continue
      const cut = timeline.some((entry) => 'do' in entry && entry.atMs === note.at)
      if (failedAt !== undefined && note.at - failedAt < 1000 && !cut)
        return `the round after ${failedAt} ms started ${note.at - failedAt} ms later`
      failedAt = undefined
    }
    return undefined
  },

  /** connect-retry-max n: n failed rounds in a row, each with the same attempts, then one end. */
  L4({ notes, scenario }, rounds) {
    const { connectRetryMax } = scenario.config
    const ends = notes.filter(({ type }) => type === 'client.failed').length
    if (ends > 1) return `the client failed ${ends} times`
    if (connectRetryMax === 0 || !isFixed(scenario) || notes.some(({ type }) => type === 'attempt.won'))
      return undefined
    const failed = rounds.filter(({ end }) => end === 'failed')
    if (failed.length > connectRetryMax) return `${failed.length} rounds failed, ${connectRetryMax} were allowed`
    if (failed.length === connectRetryMax && ends === 0) return `nothing ended after ${failed.length} failed rounds`
    const [first] = failed
    const different = failed.find(({ tried }) => tried.length !== first?.tried.length)
    return different ? `${different.tried.length} attempts in one round, ${first?.tried.length} in another` : undefined
  },

  /** The same script gives the same bytes again. */
  D1({ scenario, release, result }) {
    return JSON.stringify(observe(scenario, release).result) === JSON.stringify(result)
      ? undefined
      : 'the second run differs'
  },

  /** The reference model tells the same trace. */
  MODEL({ scenario, release, result }) {
    const model = predict(scenario, release)
    const lines = normalised(result.trace)
    const at =
      lines.length > model.lines.length ? model.lines.length : lines.findIndex((line, i) => line !== model.lines[i])
    if (at >= 0) return `line ${at + 1} is "${lines[at]}", the model says "${model.lines[at]}"`
    if (lines.length < model.lines.length) return `the model goes on with "${model.lines[lines.length]}"`
    const agrees = model.outcome === result.outcome && model.atMs === result.atMs
    return agrees ? undefined : `${result.outcome} at ${result.atMs}, the model says ${model.outcome} at ${model.atMs}`
  },
} satisfies Record<string, Invariant>

export type InvariantId = keyof typeof invariants

/** The first invariant that a run breaks, and how. `only`: look at that one alone. */
export function brokenBy(
  seen: Observation,
  only?: InvariantId,
): { readonly id: InvariantId; readonly how: string } | undefined {
  const rounds = roundsOf(seen.notes, seen.scenario)
  const ids = only ? [only] : (Object.keys(invariants) as InvariantId[])
  for (const id of ids) {
    const how = invariants[id](seen, rounds)
    if (how !== undefined) return { id, how }
  }
  return undefined
}

// --- what several of them look at ---

const ENDS: ReadonlySet<Note['type']> = new Set([
  'attempt.failed',
  'attempt.cancelled',
  'attempt.lost',
  'query.answered',
  'query.failed',
])
const isEnd = ({ type }: Note) => ENDS.has(type)

function subjectOf(note: Note): string | undefined {
  if ('attempt' in note) return `attempt ${note.attempt}`
  return 'query' in note ? `query ${note.query}` : undefined
}

const endsOf = (notes: readonly Note[]) => notes.filter(isEnd).map((note) => subjectOf(note) ?? '')

function repeated(subjects: readonly string[]): string | undefined {
  const seen = new Set<string>()
  const twice = subjects.find((subject) => seen.size === seen.add(subject).size)
  return twice === undefined ? undefined : `${twice} ended twice`
}

/** An attempt without an end is in flight or held at the end, and then no failed round or client lies behind it. */
function unended(notes: readonly Note[]): string | undefined {
  const open = new Set<number>()
  for (const note of notes) {
    if (note.type === 'attempt.started') open.add(note.attempt)
    if ('attempt' in note && isEnd(note)) open.delete(note.attempt)
    if (['round.failed', 'round.ended'].includes(note.type) && open.size > 0)
      return `attempt ${[...open].join()} never ended`
  }
  return undefined
}

function startsOf(notes: readonly Note[]) {
  return new Map(notes.filter((note) => note.type === 'attempt.started').map((note) => [note.attempt, note]))
}

function boundAttempts({ scenario, notes }: Pick<Observation, 'scenario' | 'notes'>): ReadonlySet<number> {
  if (scenario.config.remotes.every(({ local }) => !local)) return new Set()
  const bound = [...startsOf(notes)].filter(([, { candidate }]) => scenario.config.remotes[candidate.remote]?.local)
  return new Set(bound.map(([attempt]) => attempt))
}

function grouped(sockets: readonly Life[]): Map<number, Life[]> {
  const groups = new Map<number, Life[]>()
  for (const socket of sockets) {
    const group = groups.get(socket.attempt)
    if (group) group.push(socket)
    else groups.set(socket.attempt, [socket])
  }
  return groups
}

/** Everything that the round knows of its plan, the lost candidate first. */
function planOf(round: PlayedRound, scenario: Observation['scenario']): readonly string[] {
  const plan: string[] = []
  for (const remote of remoteOrder(scenario)) {
    const planned = plannedOf(round, scenario, remote)
    if (planned === undefined) break
    plan.push(...planned)
  }
  const { lost, lostRemote } = round
  const isThere =
    lost !== undefined && lostRemote !== undefined && plannedOf(round, scenario, lostRemote)?.includes(lost)
  return isThere ? [lost, ...plan.filter((key) => key !== lost)] : plan
}

const isRefused = ({ notes }: PlayedRound) =>
  notes.some((note) => note.type === 'client.failed' && note.failure.code !== 'EXHAUSTED')

const isCommand = ({ type }: Note) => type === 'client.stopped' || type === 'network.changed'

/** The longest that one name may take. */
function lookUpBound({ resolveTimeout, resolvRetry }: Observation['scenario']['config']): number {
  return resolveTimeout + (resolvRetry === 'infinite' ? 0 : resolvRetry)
}

/** Every round gets the same answers, and nothing befalls it. */
function isFixed({ names, timeline }: Observation['scenario']): boolean {
  return timeline.length === 0 && Object.values(names).every((answers) => answers.length === 1)
}

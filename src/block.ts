/**
 * The sockets of one `<listen>` block (R2, R8): what `machines/listen.ts` does with it at each event, as pure functions.
 * A step takes the block further and leaves behind, as effects, what is to be bound, closed, timed and said.
 */
import type { Bind, BindResult, ResolverInput } from './actors.ts'
import { type Backoff, pauseAfter } from './backoff.ts'
import { type Host, type Place, bindListOf, familiesOf, multihomeWarning, nameOf } from './bind-list.ts'
import type { Listen } from './config/server-schema.ts'
import { type Endpoint, formatEndpoint } from './endpoint.ts'
import { type Failure, failure } from './failure.ts'
import type { ServerNote } from './roster.ts'
import { hash } from './seed.ts'

/** Ports that are tried until every address of the block is free on one of them (R2). */
const PORT_TRIES = 16
/** Between two tries to bind, ms; jittered by the seed. */
const BACKOFF: Backoff = { min: 1_000, max: 60_000 }
/** A listener that lived so long, ms, was well: its loss is not added to earlier ones. */
const LONG_LIFE = 10_000
/** More rebinds than `REBINDS` within `MINUTE` ms: it has failed, and is tried once in so long from then on (U2). */
const REBINDS = 5
const MINUTE = 60_000

export interface BlockInput {
  /** Index in the configuration. */
  readonly block: number
  /** How many blocks there are: they number their listeners and queries in turn, so that none has another's. */
  readonly blocks: number
  readonly listen: Listen
  readonly policy: 'all' | 'any'
  readonly host: Host
  readonly resolveTimeout: number
  readonly seed: number
}

export interface Listener {
  readonly listener: number
  readonly place: Place
  /** `planned`: waits for the port that the system chooses. `failed`: of this moment, and not judged yet. */
  readonly state: 'planned' | 'binding' | 'bound' | 'failed' | 'waiting' | 'closed'
  readonly since: number
  /** Failed binds and early losses in a row. */
  readonly failures: number
  /** When it was bound anew, within the last minute. */
  readonly rebinds: readonly number[]
  readonly escalated: boolean
  readonly failure: Failure | null
}

export interface Block extends BlockInput {
  readonly listeners: readonly Listener[]
  /** 0 until the system has chosen one, which then holds for whatever the block binds. */
  readonly port: number
  /** How many numbers were given out. */
  readonly numbered: { readonly listeners: number; readonly queries: number }
  /** The look-up under way. */
  readonly query: number | null
  readonly failedLookups: number
  /** Ports that were tried for port 0. */
  readonly tries: number
  /** All of it was tried once. */
  readonly tried: boolean
  /** What was the first not to be bound. */
  readonly problem: Failure | null
  /** `bind-policy all`: why the start has failed. */
  readonly failure: Failure | null
  /** What the step under way leaves behind; nothing between two steps. */
  readonly effects: readonly BlockEffect[]
}

export type BlockEffect =
  | { readonly do: 'note'; readonly note: ServerNote }
  | { readonly do: 'ask'; readonly input: ResolverInput; readonly timeout: number }
  | { readonly do: 'endQuery'; readonly query: number }
  | { readonly do: 'askLater'; readonly block: number; readonly ms: number }
  | { readonly do: 'bind'; readonly bind: Bind }
  | { readonly do: 'close'; readonly listener: number }
  | { readonly do: 'bindLater'; readonly listener: number; readonly ms: number }
  | { readonly do: 'forget'; readonly listener: number }

export const NO_EFFECTS: readonly BlockEffect[] = []

export function newBlock(input: BlockInput): Block {
  const numbered = { listeners: 0, queries: 0 }
  const { port } = input.listen
  return {
    ...input,
    listeners: [],
    port,
    numbered,
    query: null,
    failedLookups: 0,
    tries: 0,
    tried: false,
    problem: null,
    failure: null,
    effects: NO_EFFECTS,
  }
}

/** Nothing of it is being bound. */
export const isSettled = ({ listeners }: Block): boolean =>
  !listeners.some(({ state }) => state === 'planned' || state === 'binding')

export const listenerIn = ({ listeners }: Block, listener: number): Listener | undefined =>
  listeners.find((one) => one.listener === listener)

// A copy, and then what differs: V8 makes a hidden class of its own for each object that is spread twice.
function step(now: Block, change: Partial<Block>, ...effects: readonly BlockEffect[]): Block {
  return Object.assign({ ...now }, change, { effects: [...now.effects, ...effects] })
}

const note = (what: ServerNote): BlockEffect => ({ do: 'note', note: what })

/** A step that changes a listener. */
function amend(now: Block, listener: number, change: Partial<Listener>, ...effects: readonly BlockEffect[]): Block {
  const amended = (one: Listener) => (one.listener === listener ? Object.assign({ ...one }, change) : one)
  return step(now, { listeners: now.listeners.map(amended) }, ...effects)
}

// --- resolving ---

/** A block with a literal, or without a host, never reaches the resolver. */
export function begin(now: Block, at: number): Block {
  const name = nameOf(now.listen)
  return name === undefined ? take(now, at, []) : ask(now, at, name)
}

function ask(now: Block, at: number, host: string): Block {
  const { block, blocks, listen, numbered, resolveTimeout: timeout } = now
  const query = numbered.queries * blocks + block + 1
  const families = familiesOf(listen)
  return step(
    now,
    { query, numbered: { ...numbered, queries: numbered.queries + 1 } },
    note({ type: 'query.started', at, query, block, host, families }),
    { do: 'ask', input: { query, host, transport: listen.proto, families }, timeout },
  )
}

export function takeAnswer(now: Block, at: number, addresses: readonly string[]): Block {
  const query = now.query as number
  const told = note({ type: 'query.answered', at, query, addresses })
  return take(step(now, { query: null }, { do: 'endQuery', query }, told), at, addresses)
}

export function takeLookupFailure(now: Block, at: number, why: Failure): Block {
  const { block, query: asked } = now
  const query = asked as number
  const told = note({ type: 'query.failed', at, query, block, failure: why })
  return postponeLookup(step(now, { query: null }, { do: 'endQuery', query }, told), at, why)
}

function postponeLookup(now: Block, at: number, why: Failure): Block {
  const { block, failedLookups, seed } = now
  const failed = unresolvedFailure(now, why)
  if (now.policy === 'all') return fail(now, failed)
  const ms = pauseAfter(BACKOFF, failedLookups + 1, hash(seed, 'block', block))
  const waiting = note({ type: 'block.waiting', at, block, ms })
  return conclude(step(now, { failedLookups: failedLookups + 1 }, waiting, { do: 'askLater', block, ms }), failed)
}

/** Plans a listener for each address, and binds them. */
function take(now: Block, at: number, answer: readonly string[]): Block {
  const { block, listen, host } = now
  const { places, skipped } = bindListOf(listen, answer, host)
  const skips = skipped.map((skip) => note({ type: 'address.skipped', at, block, ...skip }))
  if (places.length === 0) return postponeLookup(step(now, {}, ...skips), at, skipped[0]?.failure ?? NO_ADDRESS)
  const message = multihomeWarning(listen, host)
  const warnings = message === undefined ? [] : [note({ type: 'server.warned', at, block, message })]
  return bindPlanned(plan(step(now, {}, ...skips, ...warnings), at, places), at)
}

/** For who is told of the whole server. */
function unresolvedFailure({ block, listen }: Block, { code, stage, message }: Failure): Failure {
  return failure(code, stage, `block ${block + 1}, ${listen.host ?? 'multihome'}: ${message}`)
}

const NO_ADDRESS = failure('NO_ADDRESS', 'resolve', 'there is no address to bind')

function plan(now: Block, at: number, places: readonly Place[]): Block {
  const { block, blocks, numbered, listeners } = now
  const planned = places.map((place, i): Listener => {
    const listener = (numbered.listeners + i) * blocks + block + 1
    const blank = { failures: 0, rebinds: [], escalated: false, failure: null }
    return { listener, place, state: 'planned', since: at, ...blank }
  })
  return {
    ...now,
    listeners: [...listeners, ...planned],
    numbered: { ...numbered, listeners: numbered.listeners + planned.length },
  }
}

// --- binding ---

/** All at once; with port 0 one alone, which shows the others their port. */
function bindPlanned(now: Block, at: number): Block {
  const planned = now.listeners.filter(({ state }) => state === 'planned')
  if (now.port !== 0) return planned.reduce((draft, one) => bind(draft, at, one), now)
  const [first] = planned
  return first && !now.listeners.some(({ state }) => state === 'binding') ? bind(now, at, first) : now
}

function bind(now: Block, at: number, { listener, place }: Listener): Block {
  const { block, listen, port } = now
  const endpoint: Endpoint = { family: place.family, address: place.address, port }
  return amend(
    now,
    listener,
    { state: 'binding', since: at },
    note({ type: 'listener.started', at, listener, block, transport: listen.proto, endpoint }),
    { do: 'bind', bind: { listener, transport: listen.proto, endpoint } },
  )
}

/** What is not being bound any more is dropped. */
export function takeResult(draft: Block, at: number, { listener, local, failure: why }: BindResult): Block {
  if (listenerIn(draft, listener)?.state !== 'binding') return draft
  return local ? takeBound(draft, at, listener, local) : takeBindFailure(draft, at, listener, why)
}

function takeBound(draft: Block, at: number, listener: number, local: Endpoint): Block {
  const { port } = local
  const bound = { state: 'bound', since: at, failure: null } as const
  const now = amend(draft, listener, bound, note({ type: 'listener.bound', at, listener, local }))
  return settle(bindPlanned(now.port === port ? now : { ...now, port }, at), at)
}

function takeBindFailure(draft: Block, at: number, listener: number, why: Failure): Block {
  const one = listenerIn(draft, listener) as Listener
  const failed = { state: 'failed', failure: why, failures: one.failures + 1 } as const
  const now = amend(draft, listener, failed, note({ type: 'listener.failed', at, listener, failure: why }))
  return isPortTaken(draft, why) ? tryAnotherPort(now, at) : settle(bindPlanned(now, at), at)
}

/** The port that the system chose for one address is not free on another. */
function isPortTaken({ listen, port, tried, tries }: Block, { code }: Failure): boolean {
  return listen.port === 0 && port !== 0 && !tried && code === 'EADDRINUSE' && tries + 1 < PORT_TRIES
}

function tryAnotherPort(draft: Block, at: number): Block {
  const opened = draft.listeners.filter(({ state }) => state === 'bound' || state === 'binding')
  const now = opened.reduce((one, { listener }) => close(one, at, listener, null), draft)
  const listeners = now.listeners.map((one): Listener => ({ ...one, state: 'planned' }))
  return bindPlanned({ ...now, tries: now.tries + 1, port: 0, listeners }, at)
}

function close(now: Block, at: number, listener: number, why: Failure | null): Block {
  return amend(
    now,
    listener,
    { state: 'closed', failure: why },
    note({ type: 'listener.closed', at, listener, failure: why }),
    { do: 'close', listener },
  )
}

/** Judges what has failed, once nothing is being bound. */
function settle(draft: Block, at: number): Block {
  if (!isSettled(draft)) return draft
  const now = draft.listeners.filter((one) => isMissing(draft, one)).reduce((one, gone) => skip(one, at, gone), draft)
  const failed = now.listeners.filter(({ state }) => state === 'failed')
  const fatal = failed.find(({ place }) => place.kind !== 'own')
  if (fatal && now.policy === 'all' && !now.tried) return fail(now, unboundFailure(now, fatal))
  const postponed = failed.reduce((one, later) => postpone(one, at, later), now)
  const [first] = failed
  return conclude(postponed, first ? unboundFailure(now, first) : null)
}

/** For who is told of the whole server, and not of each listener. */
function unboundFailure(now: Block, one: Listener): Failure {
  const { code, message } = one.failure as Failure
  return failure(code, 'bind', `${titleOf(now, one)} cannot be bound: ${message}`)
}

/** An implied wildcard whose family the kernel lacks; that is no failure while another one is bound. */
function isMissing({ listeners }: Block, { state, place, failure: why }: Listener): boolean {
  if (state !== 'failed' || place.kind !== 'wildcard' || !NO_FAMILY.has((why as Failure).code)) return false
  return listeners.some((one) => one.state === 'bound')
}

// Linux says the latter when IPv6 is disabled by sysctl.
const NO_FAMILY: ReadonlySet<string> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])

function skip(now: Block, at: number, { listener, place, failure: why }: Listener): Block {
  const message = `this machine has no ${place.family}: ${place.address} is not bound`
  return step(close(now, at, listener, why), {}, note({ type: 'server.warned', at, block: now.block, message }))
}

const fail = (now: Block, why: Failure): Block => step(now, { failure: why })

function conclude(now: Block, why: Failure | null): Block {
  const none = now.listeners.length === 0 ? unresolvedFailure(now, NO_ADDRESS) : null
  return step(now, { tried: true, problem: now.problem ?? why ?? none })
}

// --- living ---

export function takeLoss(draft: Block, at: number, listener: number, why: Failure): Block {
  const { since, failures, escalated } = listenerIn(draft, listener) as Listener
  const lived = at - since
  const change = {
    state: 'failed',
    failure: why,
    failures: lived >= LONG_LIFE ? 1 : failures + 1,
    escalated: escalated && lived < MINUTE,
  } as const
  const lost = note({ type: 'listener.lost', at, listener, failure: why })
  return settle(amend(draft, listener, change, lost), at)
}

/** It is bound again, after a pause; too often, and it is said once, and the pause is a minute. */
function postpone(now: Block, at: number, one: Listener): Block {
  const { listener, failures } = one
  const rebinds = one.rebinds.filter((then) => then > at - MINUTE)
  const tooOften = !one.escalated && rebinds.length > REBINDS
  const escalated = one.escalated || tooOften
  const ms = escalated ? MINUTE : pauseAfter(BACKOFF, failures, hash(now.seed, 'listener', listener))
  const said = tooOften ? [note({ type: 'listener.escalated', at, listener, failure: tooOftenFailure(now, one) })] : []
  return amend(
    now,
    listener,
    { state: 'waiting', rebinds, escalated },
    ...said,
    note({ type: 'listener.waiting', at, listener, ms }),
    { do: 'bindLater', listener, ms },
  )
}

function tooOftenFailure(now: Block, one: Listener): Failure {
  const why = (one.failure as Failure).message
  const message = `${titleOf(now, one)} was bound again more than ${REBINDS} times in a minute: ${why}`
  return failure('RESTARTED_TOO_OFTEN', 'bind', message)
}

export function rebind(now: Block, at: number, listener: number): Block {
  const one = listenerIn(now, listener) as Listener
  return bindPlanned(amend(now, listener, { state: 'planned', rebinds: [...one.rebinds, at] }), at)
}

/** The addresses of this host have changed: `multihome` serves those that are there now. */
export function rescan(draft: Block, at: number, addresses: readonly string[]): Block {
  const { listen } = draft
  if (!draft.host.multihome || listen.proto !== 'udp' || nameOf(listen) !== undefined) return draft
  const host = { ...draft.host, addresses }
  const { places } = bindListOf(draft.listen, [], host)
  const own = places.filter(({ kind }) => kind === 'own')
  const isOf = (place: Place) => (one: Listener) => one.place.address === place.address
  const gone = draft.listeners.filter(({ place }) => place.kind === 'own' && !own.some((one) => isSame(one, place)))
  const come = own.filter((place) => !draft.listeners.some(isOf(place)))
  const without = gone.reduce((now, one) => giveUp(now, at, one), { ...draft, host })
  const left = without.listeners.filter((one) => !gone.some(({ listener }) => listener === one.listener))
  return settle(bindPlanned(plan({ ...without, listeners: left }, at, come), at), at)
}

const isSame = (a: Place, b: Place) => a.address === b.address

function giveUp(now: Block, at: number, one: Listener): Block {
  const { listener } = one
  return isUntold(one) ? now : step(close(now, at, listener, null), {}, { do: 'forget', listener })
}

/** It waits for its first port: nobody has heard of it, or only that it was closed for want of one. */
const isUntold = ({ state, rebinds }: Listener) => state === 'planned' && rebinds.length === 0

/** Nobody is let in any more. */
export function drain(draft: Block, at: number): Block {
  const open = draft.listeners.filter((one) => one.state !== 'closed' && !isUntold(one))
  const now = open.reduce((one, { listener, state }) => {
    const closed = note({ type: 'listener.closed', at, listener, failure: null })
    return amend(one, listener, { state: 'closed' }, closed, ...forgotten(listener, state))
  }, draft)
  const asked: BlockEffect[] = now.query === null ? [] : [{ do: 'endQuery', query: now.query }]
  return step(now, { query: null }, ...asked)
}

const forgotten = (listener: number, state: Listener['state']): readonly BlockEffect[] =>
  state === 'waiting' ? [{ do: 'forget', listener }] : []

const titleOf = ({ block, listen, port }: Block, { place }: Listener): string =>
  `block ${block + 1}, ${listen.proto} ${formatEndpoint({ address: place.address, port })},`

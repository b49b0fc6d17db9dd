/**
 * The sockets of one `<listen>` block (R2, R8): what `machines/listen.ts` does with it at each event. A step takes the
 * block further, in a copy of its own, and leaves behind what is to be bound, closed, timed and said. How a block comes
 * by its addresses is `block-lookup.ts`.
 */
import type { Bind, BindResult, ResolverInput } from './actors.ts'
import { type Backoff, pauseAfter } from './backoff.ts'
import { type Host, type HostInput, type Place, bindListOf, hostOf, nameOf } from './bind-list.ts'
import type { Listen } from './config/server-schema.ts'
import { type Endpoint, formatEndpoint } from './endpoint.ts'
import { type Failure, failure } from './failure.ts'
import type { ServerNote } from './roster.ts'
import { hash } from './seed.ts'

/** Ports that are tried until every address of the block is free on one of them (R2). */
const PORT_TRIES = 16
/** Between two tries to bind, or to resolve, ms; jittered by the seed. */
export const BACKOFF: Backoff = { min: 1_000, max: 60_000 }
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
}

export type BlockEffect =
  | { readonly do: 'ask'; readonly input: ResolverInput; readonly timeout: number }
  | { readonly do: 'endQuery'; readonly query: number }
  | { readonly do: 'askLater'; readonly block: number; readonly ms: number }
  | { readonly do: 'bind'; readonly bind: Bind }
  | { readonly do: 'close'; readonly listener: number }
  | { readonly do: 'bindLater'; readonly listener: number; readonly ms: number }
  | { readonly do: 'forget'; readonly listener: number }

/** A block that is taken further, what it has to tell, and what is left to be done. */
export interface Step {
  readonly at: number
  readonly now: Draft
  readonly notes: ServerNote[]
  readonly effects: BlockEffect[]
}

type Draft = { -readonly [Key in keyof Omit<Block, 'listeners'>]: Block[Key] } & { readonly listeners: Listener[] }

/** For the steps of one event: a copy for all of them. */
export const draftOf = (block: Block): Draft => ({ ...block, listeners: [...block.listeners] })

// Written out, as a new listener is: V8 forgets the hidden class of what is spread, and the code that knew it.
export function newBlock({ block, blocks, listen, policy, host, resolveTimeout, seed }: BlockInput): Block {
  return {
    block,
    blocks,
    listen,
    policy,
    host,
    resolveTimeout,
    seed,
    listeners: [],
    port: listen.port,
    numbered: { listeners: 0, queries: 0 },
    query: null,
    failedLookups: 0,
    tries: 0,
    tried: false,
    problem: null,
    failure: null,
  }
}

/** Nothing of it is being bound. */
const isSettled = ({ listeners }: Block): boolean =>
  !listeners.some(({ state }) => state === 'planned' || state === 'binding')

export const listenerIn = ({ listeners }: Block, listener: number): Listener | undefined =>
  listeners.find((one) => one.listener === listener)

const listenersIn = ({ listeners }: Block, ...states: readonly Listener['state'][]): readonly Listener[] =>
  listeners.filter(({ state }) => states.includes(state))

function amend({ now: { listeners } }: Step, listener: number, change: Partial<Listener>): void {
  const index = listeners.findIndex((one) => one.listener === listener)
  // A copy, and then what differs: V8 makes a hidden class of its own for each object that is spread twice.
  listeners[index] = Object.assign({ ...(listeners[index] as Listener) }, change)
}

// --- binding ---

/** Each gets a listener, and is bound. */
export function bindAll(step: Step, places: readonly Place[]): void {
  plan(step, places)
  bindPlanned(step)
}

function plan({ at, now }: Step, places: readonly Place[]): void {
  const { block, blocks, numbered, listeners } = now
  for (const [i, place] of places.entries()) {
    const listener = (numbered.listeners + i) * blocks + block + 1
    listeners.push({
      listener,
      place,
      state: 'planned',
      since: at,
      failures: 0,
      rebinds: [],
      escalated: false,
      failure: null,
    })
  }
  now.numbered = { listeners: numbered.listeners + places.length, queries: numbered.queries }
}

/** All at once; with port 0 one alone, which shows the others their port. */
function bindPlanned(step: Step): void {
  const { now } = step
  const planned = listenersIn(now, 'planned')
  if (now.port !== 0) for (const one of planned) bind(step, one)
  else if (planned[0] && listenersIn(now, 'binding').length === 0) bind(step, planned[0])
}

function bind(step: Step, { listener, place }: Listener): void {
  const { at, now, notes, effects } = step
  const { block, listen, port } = now
  const transport = listen.proto
  const endpoint: Endpoint = { family: place.family, address: place.address, port }
  amend(step, listener, { state: 'binding', since: at })
  notes.push({ type: 'listener.started', at, listener, block, transport, endpoint })
  effects.push({ do: 'bind', bind: { listener, transport, endpoint } })
}

/** What is not being bound any more is dropped. */
export function takeResult(step: Step, { listener, local, failure: why }: BindResult): void {
  const one = listenerIn(step.now, listener)
  if (one?.state !== 'binding') return
  if (local) takeBound(step, listener, local)
  else takeBindFailure(step, one, why)
}

function takeBound(step: Step, listener: number, local: Endpoint): void {
  const { at, now, notes } = step
  amend(step, listener, { state: 'bound', since: at, failure: null })
  notes.push({ type: 'listener.bound', at, listener, local })
  now.port = local.port
  bindPlanned(step)
  settle(step)
}

function takeBindFailure(step: Step, { listener, failures }: Listener, why: Failure): void {
  const { at, now, notes } = step
  amend(step, listener, { state: 'failed', failure: why, failures: failures + 1 })
  notes.push({ type: 'listener.failed', at, listener, failure: why })
  if (isPortTaken(now, why)) return tryAnotherPort(step)
  bindPlanned(step)
  settle(step)
}

/** The port that the system chose for one address is not free on another. */
function isPortTaken({ listen, port, tried, tries }: Block, { code }: Failure): boolean {
  return listen.port === 0 && port !== 0 && !tried && code === 'EADDRINUSE' && tries + 1 < PORT_TRIES
}

function tryAnotherPort(step: Step): void {
  const { now } = step
  for (const { listener } of listenersIn(now, 'bound', 'binding')) close(step, listener, null)
  for (const { listener } of now.listeners) amend(step, listener, { state: 'planned' })
  now.tries++
  now.port = 0
  bindPlanned(step)
}

function close(step: Step, listener: number, why: Failure | null): void {
  const { at, notes, effects } = step
  amend(step, listener, { state: 'closed', failure: why })
  notes.push({ type: 'listener.closed', at, listener, failure: why })
  effects.push({ do: 'close', listener })
}

/** Judges what has failed, once nothing is being bound. */
function settle(step: Step): void {
  const { now } = step
  if (!isSettled(now)) return
  for (const gone of now.listeners.filter((one) => isMissing(now, one))) skip(step, gone)
  const failed = listenersIn(now, 'failed')
  const fatal = failed.find(({ place }) => place.kind !== 'own')
  if (fatal && now.policy === 'all' && !now.tried) {
    now.failure = unboundFailure(now, fatal)
    return
  }
  for (const later of failed) postpone(step, later)
  const [first] = failed
  conclude(step, first ? unboundFailure(now, first) : null)
}

/** For who is told of the whole server, and not of each listener. */
function unboundFailure(now: Block, one: Listener): Failure {
  const { code, message } = one.failure as Failure
  return failure(code, 'bind', `${titleOf(now, one)} cannot be bound: ${message}`)
}

/** For who is told of the whole server. */
export function unresolvedFailure({ block, listen }: Block, { code, stage, message }: Failure): Failure {
  return failure(code, stage, `block ${block + 1}, ${listen.host ?? 'multihome'}: ${message}`)
}

export const NO_ADDRESS = failure('NO_ADDRESS', 'resolve', 'there is no address to bind')

/** An implied wildcard whose family the kernel lacks; that is no failure while another one is bound. */
function isMissing({ listeners }: Block, { state, place, failure: why }: Listener): boolean {
  if (state !== 'failed' || place.kind !== 'wildcard' || !NO_FAMILY.has((why as Failure).code)) return false
  return listeners.some((one) => one.state === 'bound')
}

// Linux says the latter when IPv6 is disabled by sysctl.
const NO_FAMILY: ReadonlySet<string> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])

function skip(step: Step, { listener, place, failure: why }: Listener): void {
  const { at, now, notes } = step
  const message = `this machine has no ${place.family}: ${place.address} is not bound`
  close(step, listener, why)
  notes.push({ type: 'server.warned', at, block: now.block, message })
}

/** All of it was tried. `why`: something is not bound. */
export function conclude({ now }: Step, why: Failure | null): void {
  const none = now.listeners.length === 0 ? unresolvedFailure(now, NO_ADDRESS) : null
  now.tried = true
  now.problem ??= why ?? none
}

// --- living ---

export function takeLoss(step: Step, listener: number, why: Failure): void {
  const { at, now, notes } = step
  const { since, failures, escalated } = listenerIn(now, listener) as Listener
  const lived = at - since
  amend(step, listener, {
    state: 'failed',
    failure: why,
    failures: lived >= LONG_LIFE ? 1 : failures + 1,
    escalated: escalated && lived < MINUTE,
  })
  notes.push({ type: 'listener.lost', at, listener, failure: why })
  settle(step)
}

/** It is bound again, after a pause; too often, and it is said once, and the pause is a minute. */
function postpone(step: Step, one: Listener): void {
  const { at, now, notes, effects } = step
  const { listener, failures } = one
  const rebinds = one.rebinds.filter((then) => then > at - MINUTE)
  const tooOften = !one.escalated && rebinds.length > REBINDS
  const escalated = one.escalated || tooOften
  const ms = escalated ? MINUTE : pauseAfter(BACKOFF, failures, hash(now.seed, 'listener', listener))
  amend(step, listener, { state: 'waiting', rebinds, escalated })
  if (tooOften) notes.push({ type: 'listener.escalated', at, listener, failure: tooOftenFailure(now, one) })
  notes.push({ type: 'listener.waiting', at, listener, ms })
  effects.push({ do: 'bindLater', listener, ms })
}

function tooOftenFailure(now: Block, one: Listener): Failure {
  const why = (one.failure as Failure).message
  const message = `${titleOf(now, one)} was bound again more than ${REBINDS} times in a minute: ${why}`
  return failure('RESTARTED_TOO_OFTEN', 'bind', message)
}

export function rebind(step: Step, listener: number): void {
  const { rebinds } = listenerIn(step.now, listener) as Listener
  amend(step, listener, { state: 'planned', rebinds: [...rebinds, step.at] })
  bindPlanned(step)
}

/** The addresses of this host have changed: `multihome` serves those that are there now. */
export function rescan(step: Step, addresses: HostInput['addresses']): void {
  const { now } = step
  const { listen, listeners } = now
  if (!now.host.multihome || listen.proto !== 'udp' || nameOf(listen) !== undefined) return
  now.host = hostOf({ addresses, multihome: true })
  const own = bindListOf(listen, [], now.host).places.filter(({ kind }) => kind === 'own')
  const isGone = ({ place }: Listener) => place.kind === 'own' && !own.some((one) => isSame(one, place))
  const come = own.filter((place) => !listeners.some((one) => isSame(one.place, place)))
  for (const gone of listeners.filter(isGone)) giveUp(step, gone)
  listeners.splice(0, Infinity, ...listeners.filter((one) => !isGone(one)))
  bindAll(step, come)
  settle(step)
}

const isSame = (a: Place, b: Place) => a.address === b.address

function giveUp(step: Step, one: Listener): void {
  if (isUntold(one)) return
  close(step, one.listener, null)
  step.effects.push({ do: 'forget', listener: one.listener })
}

/** It waits for its first port: nobody has heard of it, or only that it was closed for want of one. */
const isUntold = ({ state, rebinds }: Listener) => state === 'planned' && rebinds.length === 0

/** Nobody is let in any more. */
export function drain(step: Step): void {
  const { at, now, notes, effects } = step
  for (const { listener, state } of now.listeners.filter((one) => one.state !== 'closed' && !isUntold(one))) {
    amend(step, listener, { state: 'closed' })
    notes.push({ type: 'listener.closed', at, listener, failure: null })
    if (state === 'waiting') effects.push({ do: 'forget', listener })
  }
  if (now.query !== null) effects.push({ do: 'endQuery', query: now.query })
  now.query = null
}

const titleOf = ({ block, listen, port }: Block, { place }: Listener): string =>
  `block ${block + 1}, ${listen.proto} ${formatEndpoint({ address: place.address, port })},`

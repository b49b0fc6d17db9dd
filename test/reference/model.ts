/**
 * The reference model: what a client does in a scripted world, written from the README's rules without XState and without the
 * engine's own round, pacing, plan, dialer or ledger. It tells the trace line by line, and every run of the machines has
 * to tell the same. A difference is a bug in one of the two; the rules say in which.
 *
 * Local endpoints are left out of its lines (`normalised`): which port a system hands out is no rule of ours.
 */
import type { Remote } from '../../src/config/schema.ts'
import { type Family, formatEndpoint, parseAddress } from '../../src/endpoint.ts'
import { fraction, hash, shuffle } from '../../src/seed.ts'
import type { ClientScenario } from '../../src/sim/scenario.ts'
import { Agenda, type Ticket } from './agenda.ts'
import { type Skipped, type Target, candidates, normal } from './candidates.ts'
import { type Link, SHORTAGES, World } from './world.ts'

export interface Prediction {
  readonly outcome: 'connected' | 'failed' | 'stopped' | 'pending'
  readonly atMs: number
  readonly lines: readonly string[]
}

/** A trace without its local endpoints. */
export const normalised = (trace: readonly string[]): readonly string[] =>
  trace.map((line) => line.replace(/ from \S+$/, ''))

type Answer = { readonly addresses: readonly string[] } | { readonly code: string }

interface Attempt {
  readonly n: number
  readonly target: Target
  readonly startedAt: number
  stage: 'open' | 'connect' | 'confirm' | 'connected'
  wonAt: number
  confirmed: boolean
  link?: Link | undefined
  deadline?: Ticket | undefined
  /** Resends a question, or opens again after a shortage. */
  timer?: Ticket | undefined
}

interface Lookup {
  readonly of: 'local' | 'remote'
  readonly remote: number
  readonly since: number
  readonly n: number
  readonly tickets: readonly (Ticket | undefined)[]
  /** It has failed, and waits to be repeated. */
  readonly failed: boolean
}

/** One round. */
interface Walk {
  readonly agenda: { readonly remote: number; readonly only?: Target }[]
  readonly answers: Map<string, Answer>
  /** The candidate that was lost after a long life, and goes first. */
  readonly pinned: Target | undefined
  queue: Target[]
  flying: Attempt[]
  newest: Attempt | undefined
  held: Attempt | undefined
  lookup: Lookup | undefined
  /** Candidates, failed look-ups, and candidates of the wrong local family. */
  fits: number
  unresolved: number
  unfit: number
}

export function predict(scenario: ClientScenario, release = false): Prediction {
  const time = new Agenda()
  const world = new World(time, scenario)
  const { config, seed } = scenario
  const lines: string[] = []
  let first: Omit<Prediction, 'lines'> | undefined
  let walk: Walk | undefined
  let pace: Ticket | undefined
  let pause: Ticket | undefined
  let over = false
  let starting = true
  let round = 0
  let failedRounds = 0
  let queries = 0
  let attempts = 0

  const tell = (text: string) => lines.push(`${String(time.now).padStart(7)} ${text}`)
  const outcome = (outcome: Prediction['outcome']) => (first ??= { outcome, atMs: time.now })
  const remoteAt = (index: number) => config.remotes[index] as Remote

  // --- life ---

  function beginRound(lost?: Target): void {
    time.cancel(pause)
    tell(`round ${++round} started`)
    const order = config.remotes.map((_, remote) => remote)
    const agenda = (config.remoteRandom ? shuffle(order, seed, 'remote-random') : order).map((remote) => ({ remote }))
    walk = {
      agenda: lost ? [{ remote: lost.remote, only: lost }, ...agenda] : agenda,
      answers: new Map(),
      pinned: lost,
      queue: [],
      flying: [],
      newest: undefined,
      held: undefined,
      lookup: undefined,
      fits: 0,
      unresolved: 0,
      unfit: 0,
    }
    advance(walk)
  }

  function roundFailed(): void {
    failedRounds++
    tell(`round ${round} failed`)
    if (config.connectRetryMax > 0 && failedRounds >= config.connectRetryMax) return giveUp('EXHAUSTED at plan')
    const { min, max } = config.connectRetry
    const doublings = Math.min(15, Math.max(0, failedRounds - 4))
    const ms = Math.round(Math.min(max, min * 2 ** doublings) * (1 + fraction(seed, 'backoff', failedRounds) / 10))
    tell(`backoff ${ms} ms after ${failedRounds} failed`)
    walk = undefined
    pause = time.timer(ms, () => beginRound())
  }

  /** The start has failed for good: what still flies goes down with it. */
  function refuse(now: Walk, why: string): void {
    for (const attempt of now.flying) tell(`attempt ${attempt.n} cancelled CANCELLED at ${attempt.stage}`)
    tell(`round ${round} failed`)
    giveUp(why)
  }

  function giveUp(why: string): void {
    tell(`client failed ${why}`)
    outcome('failed')
    over = true
  }

  // --- the walk over remotes and candidates ---

  /** Starts what may start now, and ends the round when nothing is left. */
  function advance(now: Walk): void {
    let wait: number | undefined
    for (;;) {
      const next = now.queue[0]
      const bound = [...now.flying.map(({ target }) => target), ...(next ? [next] : [])].some(isBound)
      const racing = config.pacing.policy === 'newest' && !bound
      if (now.flying.length > 0 && !racing) break
      if (!next) {
        if (now.lookup || now.agenda.length === 0) break
        resolve(now)
        continue
      }
      if (now.newest && now.flying.includes(now.newest)) {
        if (now.flying.length >= config.pacing.maxInFlight) break
        wait = now.newest.startedAt + config.pacing.attemptDelay - time.now
        if (wait > 0) break
        wait = undefined
      }
      now.queue.shift()
      start(now, next)
    }
    time.cancel(pace)
    pace = wait === undefined ? undefined : time.timer(wait, () => advance(now))
    if (now.flying.length > 0 || now.queue.length > 0 || now.lookup || now.agenda.length > 0) return
    if (starting && now.fits === 0 && now.unresolved === 0 && now.unfit > 0) refuse(now, 'LOCAL_FAMILY at plan')
    else roundFailed()
  }

  const isBound = ({ remote }: Target) => remoteAt(remote).local !== undefined

  /** Asks for the next name of the next remote; if none is open, its candidates join the queue. */
  function resolve(now: Walk): void {
    const [{ remote: index, only }] = now.agenda as [Walk['agenda'][number]]
    const remote = remoteAt(index)
    const answerOf = (of: Lookup['of'], host: string): Answer | undefined =>
      parseAddress(host) ? { addresses: [host] } : now.answers.get(`${of} ${index}`)
    const own = remote.local?.host === undefined ? { addresses: [] } : answerOf('local', remote.local.host)
    if (!own) return lookUp(now, index, 'local', time.now)
    const theirs = 'code' in own ? own : answerOf('remote', remote.host)
    if (!theirs) return lookUp(now, index, 'remote', time.now)

    now.agenda.shift()
    if ('code' in own || 'code' in theirs) return
    const locals = remote.local?.host === undefined ? undefined : own.addresses.flatMap((text) => normal(text) ?? [])
    const { targets, skipped } = candidates(remote, index, theirs.addresses, config.candidateOrder, locals)
    if (only) now.queue.push(...targets.filter((target) => isSame(target, only)))
    else {
      for (const skip of skipped) tell(`skipped ${nameOf(skip, remote)} ${skip.code} at plan`)
      now.queue.push(...targets.filter((target) => !isSame(target, now.pinned)))
      now.fits += targets.length
      now.unfit += skipped.filter(({ code }) => code === 'LOCAL_FAMILY').length
    }
  }

  // --- names ---

  function lookUp(now: Walk, index: number, of: Lookup['of'], since: number): void {
    const remote = remoteAt(index)
    const families: readonly Family[] = remote.family ? [remote.family] : ['ipv4', 'ipv6']
    const n = ++queries
    const host = of === 'local' ? (remote.local?.host ?? '') : behindLabel(remote.host, n)
    tell(`query ${n} ${host} ${families.join(' ')} started`)
    const reply = world.ask(host, families)
    const answer =
      reply &&
      time.result(reply.afterMs, n, () => {
        if (!reply.addresses) return lookUpFailed(now, reply.code ?? '', true)
        endLookUp(now)
        tell(`query ${n} answered ${listed(reply.addresses)}`)
        now.answers.set(`${of} ${index}`, { addresses: reply.addresses })
        advance(now)
      })
    const timeout = time.timer(config.resolveTimeout, () => lookUpFailed(now, 'RESOLVE_TIMEOUT', true))
    now.lookup = { of, remote: index, since, n, tickets: [answer, timeout], failed: false }
  }

  function behindLabel(host: string, n: number): string {
    if (!config.remoteRandomHostname) return host
    const hex = (label: string) => hash(seed, label, n).toString(16).padStart(8, '0')
    return `${hex('remote-random-hostname')}${hex('remote-random-hostname.tail').slice(0, 4)}.${host}`
  }

  function lookUpFailed(now: Walk, code: string, mayRepeat: boolean): void {
    const { lookup } = now
    if (!lookup) return
    const { of, remote, since, n } = lookup
    endLookUp(now)
    if (!lookup.failed) tell(`query ${n} failed ${code} at resolve`)
    if (mayRepeat && typeof config.resolvRetry === 'number' && time.now + 5000 - since <= config.resolvRetry) {
      now.lookup = { ...lookup, failed: true, tickets: [time.timer(5000, () => lookUp(now, remote, of, since))] }
      return
    }
    now.unresolved++
    now.answers.set(`${of} ${remote}`, { code })
    if (starting && config.resolvRetry === 0 && mayRepeat) refuse(now, `${code} at resolve`)
    else advance(now)
  }

  function endLookUp(now: Walk): void {
    time.cancel(...(now.lookup?.tickets ?? []))
    now.lookup = undefined
  }

  // --- attempts ---

  function start(now: Walk, target: Target): void {
    const attempt: Attempt = { n: ++attempts, target, startedAt: time.now, stage: 'open', wonAt: 0, confirmed: false }
    tell(`attempt ${attempt.n} ${target.transport} ${formatEndpoint(target)} started`)
    now.flying.push(attempt)
    now.newest = attempt
    open(now, attempt, 0)
    attempt.deadline = time.timer(remoteAt(target.remote).connectTimeout, () => failed(now, attempt, 'TIMEOUT'))
  }

  /** `again`: how often a shortage of ours has cost this attempt its socket. */
  function open(now: Walk, attempt: Attempt, again: number): void {
    const { n, target } = attempt
    const { confirm, local } = remoteAt(target.remote)
    let sent = 0
    let received = 0
    let inShort = true
    const ask = () => {
      attempt.link?.send()
      sent++
      if (target.transport === 'udp') attempt.timer = time.timer(1000 * 2 ** (sent - 1), ask)
    }
    const win = (confirmed: boolean) => {
      time.cancel(attempt.timer)
      attempt.confirmed = confirmed
      won(now, attempt)
    }
    attempt.link = world.open(n, target, local && { address: localOf(now, target), port: local.port }, {
      opened: () => {
        attempt.stage = 'connect'
        tell(`attempt ${n} opened`)
      },
      connected: (toItself) => {
        inShort = false
        if (toItself) return failed(now, attempt, 'SELF_CONNECT')
        tell(`attempt ${n} connected`)
        attempt.stage = 'confirm'
        if (confirm.kind === 'none') win(false)
        else ask()
      },
      received: () => {
        if (attempt.stage === 'connected') return
        received++
        tell(`attempt ${n} confirmed after ${sent} sent ${received} received`)
        win(true)
      },
      failed: (code) => {
        if (attempt === now.held) lost(now, code)
        else if (inShort && SHORTAGES.has(code) && again < 5) {
          attempt.timer = time.timer(100 * 2 ** again, () => open(now, attempt, again + 1))
          attempt.stage = 'open'
        } else failed(now, attempt, code)
      },
    })
  }

  function localOf(now: Walk, { remote, family }: Target): string | undefined {
    const host = remoteAt(remote).local?.host
    if (host === undefined) return undefined
    const answer = parseAddress(host) ? { addresses: [host] } : now.answers.get(`local ${remote}`)
    const addresses = answer && 'addresses' in answer ? answer.addresses : []
    return addresses.map(normal).find((address) => address?.family === family)?.address
  }

  function end(attempt: Attempt): void {
    time.cancel(attempt.deadline, attempt.timer)
    attempt.link?.close()
  }

  /** Without starting what comes next. */
  function fail(now: Walk, attempt: Attempt, code: string): void {
    end(attempt)
    now.flying = now.flying.filter((other) => other !== attempt)
    tell(`attempt ${attempt.n} failed ${code} at ${attempt.stage}`)
  }

  function failed(now: Walk, attempt: Attempt, code: string): void {
    fail(now, attempt, code)
    advance(now)
  }

  function won(now: Walk, winner: Attempt): void {
    tell(`attempt ${winner.n} won${winner.confirmed ? '' : ' unconfirmed'}`)
    const losers = now.flying.filter((attempt) => attempt !== winner)
    for (const loser of losers) {
      end(loser)
      tell(`attempt ${loser.n} cancelled CANCELLED at ${loser.stage}`)
    }
    time.cancel(winner.deadline, pace)
    endLookUp(now)
    winner.stage = 'connected'
    winner.wonAt = time.now
    Object.assign(now, {
      held: winner,
      flying: [],
      newest: undefined,
      queue: [...losers.map((one) => one.target), ...now.queue],
    })
    starting = false
    outcome('connected')
    over = release
  }

  function lost(now: Walk, code: string): void {
    const attempt = now.held as Attempt
    tell(`attempt ${attempt.n} lost ${code} at connected`)
    now.held = undefined
    // A refusal of what was never confirmed says that it never worked.
    const neverWorked = !attempt.confirmed && attempt.target.transport === 'udp' && code === 'ECONNREFUSED'
    if (time.now - attempt.wonAt < 10_000 || neverWorked) return advance(now)
    failedRounds = 0
    tell(`round ${round} ended`)
    beginRound(attempt.target)
  }

  // --- what is done from outside ---

  /** The connection goes, however long it lived, and the round goes on. */
  function dismiss(now: Walk, code: string): void {
    const { held } = now
    if (!held) return
    end(held)
    tell(`attempt ${held.n} lost ${code} at connected`)
    now.held = undefined
    advance(now)
  }

  function next(): void {
    if (!walk) return beginRound()
    const { flying, held } = walk
    if (held) return dismiss(walk, 'NEXT')
    if (flying.length === 0) return lookUpFailed(walk, 'NEXT', false)
    for (const attempt of flying) fail(walk, attempt, 'NEXT')
    advance(walk)
  }

  function command(what: 'stop' | 'reject' | 'next' | 'network-changed'): void {
    if (what === 'next') return next()
    if (what === 'reject') return walk && dismiss(walk, 'REJECTED')
    if (what === 'network-changed') {
      tell('network changed')
      if (!walk) beginRound()
      return
    }
    tell('client stopped')
    outcome('stopped')
    over = true
  }

  for (const entry of scenario.timeline)
    time.result(entry.atMs, 0, () => {
      if ('network' in entry) world.setNetwork(entry.network)
      else if ('names' in entry) world.setNames(entry.names)
      else if ('bindError' in entry) world.setBinds(entry.bindError)
      else if ('kill' in entry) world.kill(entry.kill.address, entry.kill.how)
      else if ('do' in entry && entry.do !== 'drain' && entry.do !== 'start') command(entry.do)
    })
  beginRound()
  const lives = () => !over
  while (lives() && time.step(scenario.untilMs));
  return { ...(first ?? { outcome: 'pending', atMs: scenario.untilMs }), lines }
}

const listed = (texts: readonly string[]) =>
  [...texts.slice(0, 25), ...(texts.length > 25 ? [`and ${texts.length - 25} more`] : [])].join(' ')

const isSame = (a: Target, b: Target | undefined) =>
  b !== undefined && a.remote === b.remote && formatEndpoint(a) === formatEndpoint(b)

const nameOf = ({ target }: Skipped, { host }: Remote) =>
  target ? `${target.transport} ${formatEndpoint(target)}` : host

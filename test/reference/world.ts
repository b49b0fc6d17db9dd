/**
 * The reference model's world: names, local addresses and peers, written anew and not taken from `src/sim`.
 * A peer's life is a handful of results on the agenda.
 */
import type { Family } from '../../src/endpoint.ts'
import { formatEndpoint, parseAddress } from '../../src/endpoint.ts'
import {
  type Behaviour,
  type Names,
  type ClientScenario,
  canonicalBind,
  canonicalTarget,
} from '../../src/sim/scenario.ts'
import type { Agenda, Ticket } from './agenda.ts'
import type { Target } from './candidates.ts'

type KillHow = 'reset' | 'fin' | 'vanish'

export interface Reply {
  readonly afterMs: number
  readonly addresses?: readonly string[]
  readonly code?: string
}

/** What a socket tells. */
export interface Told {
  readonly opened: () => void
  readonly connected: (toItself: boolean) => void
  readonly received: () => void
  readonly failed: (code: string) => void
}

/** What a socket is bound to; no address is the wildcard of its family. */
interface Local {
  readonly address?: string | undefined
  readonly port: number
}

export const SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])
const LOCAL: ReadonlySet<string> = new Set([
  ...SHORTAGES,
  'EACCES',
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'EINVAL',
  'EPERM',
])
const WILDCARD = { ipv4: '0.0.0.0', ipv6: '::' }

export class World {
  readonly links = new Set<Link>()
  readonly #agenda: Agenda
  readonly #own: readonly string[]
  readonly #peers = new Map<string, Behaviour>()
  readonly #binds = new Map<string, string | null>()
  readonly #names = new Map<string, { answers: Names[string]; asked: number }>()
  readonly #errors = new Map<Behaviour, number>()

  constructor(agenda: Agenda, { self, network, names, binds }: ClientScenario) {
    this.#agenda = agenda
    this.#own = self
    this.setNetwork(network)
    this.setNames(names)
    this.setBinds(binds)
  }

  setNetwork(network: ClientScenario['network']): void {
    for (const [key, { tcp, udp }] of Object.entries(network)) {
      if (tcp) this.#peers.set(`tcp ${canonicalTarget(key)}`, tcp)
      if (udp) this.#peers.set(`udp ${canonicalTarget(key)}`, udp)
    }
  }

  setNames(names: Names): void {
    for (const [name, answers] of Object.entries(names)) this.#names.set(name, { answers, asked: 0 })
  }

  setBinds(binds: ClientScenario['binds']): void {
    for (const [key, code] of Object.entries(binds)) this.#binds.set(canonicalBind(key) ?? key, code)
  }

  kill(address: string, how: KillHow): void {
    for (const link of this.links)
      if ([link.target.address, formatEndpoint(link.target)].includes(canonicalTarget(address) ?? '')) link.kill(how)
  }

  /** `undefined`: it never answers. */
  ask(host: string, families: readonly Family[]): Reply | undefined {
    const script = this.#names.get(host) ?? this.#names.get(host.replace(/^[^.]+/, '*'))
    if (!script) return { afterMs: 0, code: 'ENOTFOUND' }
    const answer = script.answers[script.asked++] ?? script.answers.at(-1) ?? []
    if ('silent' in answer) return undefined
    if ('fail' in answer) return { afterMs: answer.afterMs, code: answer.fail }
    // What is no address passes every filter of families.
    const wanted = answer.filter(({ address }) => {
      const parsed = parseAddress(address)
      return !parsed || families.includes(parsed.family)
    })
    const afterMs = Math.max(0, ...(wanted.length > 0 ? wanted : answer).map(({ delayMs }) => delayMs))
    return wanted.length > 0
      ? { afterMs, addresses: wanted.map(({ address }) => address) }
      : { afterMs, code: 'ENODATA' }
  }

  /** Opens a socket for the attempt `n`. `local`: what it is bound to. */
  open(n: number, target: Target, local: Local | undefined, told: Told): Link {
    const { transport, address, family } = target
    const found =
      this.#peers.get(`${transport} ${formatEndpoint(target)}`) ?? this.#peers.get(`${transport} ${address}`) ?? {}
    const error = this.#errorOf(found)
    // As long as there is an error, there is nothing else.
    const link = new Link(this.#agenda, n, target, error === undefined ? found : {}, told, this.links)
    const { afterMs = 0 } = found
    const isOurs = error !== undefined && LOCAL.has(error)
    const unbound = local && !isOurs ? this.#bindError(transport, family, local) : undefined
    if (isOurs) link.failAfter(afterMs, error)
    else if (unbound) link.failAfter(0, unbound)
    else {
      link.after(0, told.opened)
      const source = this.#sourceOf(target, local?.address)
      if (source === undefined) link.failAfter(0, 'ENETUNREACH')
      else if (error !== undefined && afterMs === 0) link.failAfter(0, error)
      else {
        link.connect(source === address && local?.port === target.port)
        if (error !== undefined) link.failAfter(afterMs, error)
      }
    }
    return link
  }

  #errorOf(behaviour: Behaviour): string | undefined {
    const given = this.#errors.get(behaviour) ?? 0
    if (behaviour.error === undefined || given >= (behaviour.times ?? Infinity)) return undefined
    this.#errors.set(behaviour, given + 1)
    return behaviour.error
  }

  #bindError(transport: string, family: Family, local: Local) {
    const address = local.address ?? WILDCARD[family]
    if (parseAddress(address)?.family !== family) return 'EINVAL'
    const scripted = this.#binds.get(`${formatEndpoint({ address, port: local.port })}/${transport}`)
    if (typeof scripted === 'string') return scripted
    return address === WILDCARD[family] || this.#own.includes(address) ? undefined : 'EADDRNOTAVAIL'
  }

  #sourceOf({ family, address }: Target, bound: string | undefined): string | undefined {
    if (bound !== undefined && bound !== WILDCARD[family]) return bound
    const own = this.#own.filter((self) => parseAddress(self)?.family === family)
    return own.includes(address) ? address : own[0]
  }
}

/** One socket and the peer behind it. */
export class Link {
  readonly target: Target
  readonly #agenda: Agenda
  readonly #n: number
  readonly #peer: Behaviour
  readonly #told: Told
  readonly #all: Set<Link>
  readonly #pending = new Set<Ticket>()
  #state: 'opening' | 'connected' | 'vanished' | 'closed' = 'opening'

  constructor(agenda: Agenda, n: number, target: Target, peer: Behaviour, told: Told, all: Set<Link>) {
    this.#agenda = agenda
    this.#n = n
    this.target = target
    this.#peer = peer
    this.#told = told
    this.#all = all.add(this)
  }

  after(ms: number, run: () => void): void {
    this.#pending.add(this.#agenda.result(ms, this.#n, run))
  }

  failAfter(ms: number, code: string): void {
    this.after(ms, () => this.#fail(code))
  }

  /** A UDP socket is connected at once, and so is one that dials itself. */
  connect(toItself: boolean): void {
    const { refuse, unreachable, connect, answer, mute, reset } = this.#peer
    if (this.target.transport === 'udp' || toItself) this.#connectAfter(0, toItself)
    else if (refuse !== undefined) this.failAfter(refuse, 'ECONNREFUSED')
    else if (unreachable !== undefined) this.failAfter(unreachable, 'EHOSTUNREACH')
    else if (connect !== undefined) this.#connectAfter(connect, false)
    else if (answer !== undefined || mute || reset !== undefined) this.#connectAfter(0, false)
  }

  send(): void {
    const { answer, refuse, unreachable } = this.#peer
    if (this.#state !== 'connected') return
    if (answer !== undefined) this.after(answer, this.#told.received)
    if (refuse !== undefined) this.failAfter(refuse, 'ECONNREFUSED')
    if (unreachable !== undefined) this.failAfter(unreachable, 'EHOSTUNREACH')
  }

  kill(how: KillHow): void {
    if (this.#state !== 'connected') return
    if (how === 'reset') this.#fail(this.#reset())
    else if (how === 'vanish') this.#silence('vanished')
    // A UDP peer that goes in good order says nothing about it.
    else if (this.target.transport === 'tcp') this.#fail('CLOSED_BY_PEER')
  }

  close(): void {
    this.#silence('closed')
    this.#all.delete(this)
  }

  #connectAfter(ms: number, toItself: boolean): void {
    this.after(ms, () => {
      this.#state = 'connected'
      if (this.#peer.reset !== undefined) this.failAfter(this.#peer.reset, this.#reset())
      this.#told.connected(toItself)
    })
  }

  #reset(): string {
    return this.target.transport === 'tcp' ? 'ECONNRESET' : 'ECONNREFUSED'
  }

  #fail(code: string): void {
    this.close()
    this.#told.failed(code)
  }

  #silence(state: 'vanished' | 'closed'): void {
    this.#state = state
    this.#agenda.cancel(...this.#pending)
  }
}

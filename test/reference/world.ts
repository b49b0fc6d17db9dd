/**
 * The reference model's world: names, local addresses and peers, read from design section 9 and not from `src/sim`.
 * A peer's life is a handful of results on the agenda.
 */
import type { Family } from '../../src/endpoint.ts'
import { formatEndpoint, parseAddress } from '../../src/endpoint.ts'
import { type Behaviour, type Names, type Scenario, canonicalBind, canonicalTarget } from '../../src/sim/scenario.ts'
import type { Agenda, Ticket } from './agenda.ts'
import type { Target } from './candidates.ts'

export interface Reply {
  readonly afterMs: number
  readonly addresses?: readonly string[]
  readonly code?: string
}

/** What a socket tells. `stage` is where the world says that it failed. */
export interface Told {
  readonly opened: () => void
  readonly connected: (toItself: boolean) => void
  readonly received: () => void
  readonly failed: (code: string) => void
}

export interface Link {
  readonly target: Target
  readonly send: () => void
  readonly close: () => void
  readonly kill: (how: 'reset' | 'fin' | 'vanish') => void
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

  constructor(agenda: Agenda, { self, network, names, binds }: Scenario) {
    this.#agenda = agenda
    this.#own = self
    this.setNetwork(network)
    this.setNames(names)
    this.setBinds(binds)
  }

  setNetwork(network: Scenario['network']): void {
    for (const [key, { tcp, udp }] of Object.entries(network)) {
      if (tcp) this.#peers.set(`tcp ${canonicalTarget(key)}`, tcp)
      if (udp) this.#peers.set(`udp ${canonicalTarget(key)}`, udp)
    }
  }

  setNames(names: Names): void {
    for (const [name, answers] of Object.entries(names)) this.#names.set(name, { answers, asked: 0 })
  }

  setBinds(binds: Scenario['binds']): void {
    for (const [key, code] of Object.entries(binds)) this.#binds.set(canonicalBind(key) ?? key, code)
  }

  kill(address: string, how: 'reset' | 'fin' | 'vanish'): void {
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
  open(n: number, target: Target, local: { address?: string | undefined; port: number } | undefined, told: Told): Link {
    const { family, transport, address, port } = target
    const tcp = transport === 'tcp'
    const pending = new Set<Ticket>()
    let state: 'opening' | 'connected' | 'vanished' | 'closed' = 'opening'
    const found =
      this.#peers.get(`${transport} ${formatEndpoint(target)}`) ?? this.#peers.get(`${transport} ${address}`) ?? {}
    const error = this.#errorOf(found)
    // As long as there is an error, there is nothing else.
    const behaviour: Behaviour = error === undefined ? found : {}
    const after = (ms: number, run: () => void) => {
      pending.add(this.#agenda.result(ms, n, run))
    }
    const end = () => {
      state = 'closed'
      this.links.delete(link)
      this.#agenda.cancel(...pending)
    }
    const failAfter = (ms: number, code: string) => after(ms, () => fail(code))
    const fail = (code: string) => {
      end()
      told.failed(code)
    }
    const connectAfter = (ms: number, toItself: boolean) =>
      after(ms, () => {
        state = 'connected'
        if (behaviour.reset !== undefined) failAfter(behaviour.reset, tcp ? 'ECONNRESET' : 'ECONNREFUSED')
        told.connected(toItself)
      })
    const link: Link = {
      target,
      send: () => {
        if (state !== 'connected') return
        if (behaviour.answer !== undefined) after(behaviour.answer, told.received)
        if (behaviour.refuse !== undefined) failAfter(behaviour.refuse, 'ECONNREFUSED')
        if (behaviour.unreachable !== undefined) failAfter(behaviour.unreachable, 'EHOSTUNREACH')
      },
      close: () => state !== 'closed' && end(),
      kill: (how) => {
        if (state !== 'connected') return
        if (how === 'reset') fail(tcp ? 'ECONNRESET' : 'ECONNREFUSED')
        else if (how === 'fin' && tcp) fail('CLOSED_BY_PEER')
        else if (how === 'vanish') {
          state = 'vanished'
          this.#agenda.cancel(...pending)
        }
      },
    }
    this.links.add(link)

    const { refuse, unreachable, connect, answer, mute, reset } = behaviour
    const { afterMs = 0 } = found
    if (error !== undefined && LOCAL.has(error)) {
      failAfter(afterMs, error)
      return link
    }
    const unbound = local && this.#bindError(transport, family, local)
    if (unbound) {
      failAfter(0, unbound)
      return link
    }
    after(0, told.opened)
    const source = this.#sourceOf(target, local?.address)
    if (source === undefined) failAfter(0, 'ENETUNREACH')
    else if (error !== undefined && afterMs === 0) failAfter(0, error)
    else {
      const toItself = source === address && local?.port === port
      if (!tcp || toItself) connectAfter(0, toItself)
      else if (refuse !== undefined) failAfter(refuse, 'ECONNREFUSED')
      else if (unreachable !== undefined) failAfter(unreachable, 'EHOSTUNREACH')
      else if (connect !== undefined) connectAfter(connect, false)
      else if (answer !== undefined || mute || reset !== undefined) connectAfter(0, false)
      if (error !== undefined) failAfter(afterMs, error)
    }
    return link
  }

  #errorOf(behaviour: Behaviour): string | undefined {
    const given = this.#errors.get(behaviour) ?? 0
    if (behaviour.error === undefined || given >= (behaviour.times ?? Infinity)) return undefined
    this.#errors.set(behaviour, given + 1)
    return behaviour.error
  }

  #bindError(transport: string, family: Family, local: { address?: string | undefined; port: number }) {
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

/**
 * Names on the virtual network: what the script says, at the time it says. A silent name never answers, so only the
 * machine's own deadline ends that look-up.
 */
import type { ResolverInput, ResolverSays } from '../actors.ts'
import { ioActor } from '../contain.ts'
import { type Family, parseAddress } from '../endpoint.ts'
import { failure } from '../failure.ts'
import type { HeapClock } from './clock.ts'
import type { Answer, Names } from './world-script.ts'

/** What a query gets, and when (ms after it was asked). */
export type Reply =
  | { readonly afterMs: number; readonly addresses: readonly string[] }
  | { readonly afterMs: number; readonly code: string }
  | 'silent'

/** The scripted names, and how often each was asked. */
export class VirtualNames {
  readonly #scripts = new Map<string, { readonly answers: readonly Answer[]; asked: number }>()
  #open = 0

  constructor(names: Names) {
    this.change(names)
  }

  /** Queries that wait for their answer: 0 after the end, or somebody leaks. */
  get open(): number {
    return this.#open
  }

  /** From now on these names answer so, from their first answer on; what was asked before is answered as it was. */
  change(names: Names): void {
    for (const [name, answers] of Object.entries(names)) this.#scripts.set(canonicalName(name), { answers, asked: 0 })
  }

  /** One more query of `host`: of a list of answers each query takes one, and the last one repeats. */
  ask(host: string, families: readonly Family[]): Reply {
    if (parseAddress(host)) return select([{ address: host, delayMs: 0 }], families)
    const script = this.#scriptOf(canonicalName(host))
    const answer = script?.answers[Math.min(script.asked++, script.answers.length - 1)]
    if (!answer) return { afterMs: 0, code: 'ENOTFOUND' }
    if ('silent' in answer) return 'silent'
    return 'fail' in answer ? { afterMs: answer.afterMs, code: answer.fail } : select(answer, families)
  }

  /** Counts a query; the function it gives ends it, once. */
  begin(): () => void {
    this.#open++
    let open = true
    return () => {
      if (open) this.#open--
      open = false
    }
  }

  #scriptOf(name: string) {
    return this.#scripts.get(name) ?? this.#scripts.get(name.replace(/^[^.]*/, '*'))
  }
}

// DNS names have no case, and a dot at the end changes nothing.
const canonicalName = (name: string) => name.toLowerCase().replace(/\.$/, '')

function select(answer: Extract<Answer, readonly unknown[]>, families: readonly Family[]): Reply {
  // What is no address at all is passed on: a resolver may say anything, and the engine has to bear it.
  const wanted = answer.filter(({ address }) => {
    const family = parseAddress(address)?.family
    return family === undefined || families.includes(family)
  })
  const afterMs = (wanted.length > 0 ? wanted : answer).reduce((most, { delayMs }) => Math.max(most, delayMs), 0)
  if (wanted.length === 0) return { afterMs, code: 'ENODATA' }
  return { afterMs, addresses: wanted.map(({ address }) => address) }
}

/** `world`: where a name is asked for, looked up at that moment. */
export function virtualResolver(world: () => { readonly names: VirtualNames; readonly clock: HeapClock }) {
  return ioActor<ResolverInput, ResolverSays>(({ input: { query, host, families }, say }) => {
    const { names, clock } = world()
    const end = names.begin()
    const reply = names.ask(host, families)
    if (reply === 'silent') return end
    const due = clock.at(clock.now() + reply.afterMs, query, () => {
      end()
      if ('addresses' in reply) say({ type: 'resolver.answered', query, addresses: reply.addresses })
      else say({ type: 'resolver.failed', query, failure: failure(reply.code, 'resolve') })
    })
    return () => {
      clock.clearTimeout(due)
      end()
    }
  })
}

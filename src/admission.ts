/**
 * Whom to let in, as a pure policy: how many there may be, and how many new ones within a while. It may not know what a
 * socket is; it is told who comes, who leaves, and the time.
 *
 * Rates are sliding windows, exactly: of any `count` + 1 that were let in, the last came at least `window` ms after the
 * first. Who is refused uses nothing up.
 */
import type { Limits } from './actors.ts'
import type { Rate } from './config/server-schema.ts'
import type { Address } from './endpoint.ts'
import { Line, type Linked } from './line.ts'

/** Sources that are remembered, the last seen ones; with a `count` above 64 fewer, so that all their times fit in 32 MiB. */
const MAX_SOURCES = 65_536
const MAX_TIMES = 64 * MAX_SOURCES

export type Refusal = 'MAX_CLIENTS' | 'CONNECT_FREQ' | 'SOURCE_FREQ'

export class Admission {
  readonly #maxClients: number
  readonly #all: Window | undefined
  readonly #sources: Sources | undefined
  #live = 0

  constructor({ maxClients, connectFreq, sourceFreq }: Limits) {
    this.#maxClients = maxClients
    this.#all = connectFreq && new Window(connectFreq)
    this.#sources = sourceFreq && new Sources(sourceFreq)
  }

  /** Lets a new client in, or says why not. `now`: ms, never less than the time before. */
  admit(from: Address, now: number): Refusal | undefined {
    if (this.#live >= this.#maxClients) return 'MAX_CLIENTS'
    if (this.#all && !this.#all.hasRoom(now)) return 'CONNECT_FREQ'
    if (this.#sources && !this.#sources.take(from, now)) return 'SOURCE_FREQ'
    this.#all?.take(now)
    this.#live++
    return undefined
  }

  /** One that was let in has left. */
  leave(): void {
    this.#live--
  }
}

/** The times of the last `count` that were let in, in a ring. */
class Window {
  readonly #rate: Rate
  readonly #times: number[] = []
  #oldest = 0

  constructor(rate: Rate) {
    this.#rate = rate
  }

  hasRoom(now: number): boolean {
    const oldest = this.#times[this.#oldest]
    return oldest === undefined || now - oldest >= this.#rate.window
  }

  take(now: number): void {
    this.#times[this.#oldest] = now
    this.#oldest = (this.#oldest + 1) % this.#rate.count
  }
}

interface Source extends Linked<Source> {
  readonly name: string
  readonly window: Window
}

/** A window for each of the sources that were seen last. */
class Sources {
  readonly #rate: Rate
  readonly #limit: number
  readonly #sources = new Map<string, Source>()
  readonly #line = new Line<Source>()

  constructor(rate: Rate) {
    this.#rate = rate
    this.#limit = Math.min(MAX_SOURCES, Math.floor(MAX_TIMES / rate.count))
  }

  /** `false`: it has had its share. */
  take(from: Address, now: number): boolean {
    const { window } = this.#see(sourceOf(from))
    if (!window.hasRoom(now)) return false
    window.take(now)
    return true
  }

  #see(name: string): Source {
    let source = this.#sources.get(name)
    if (!source) this.#sources.set(name, (source = { name, window: new Window(this.#rate) }))
    this.#line.touch(source)
    const { oldest, size } = this.#line
    if (oldest && size > this.#limit) {
      this.#line.remove(oldest)
      this.#sources.delete(oldest.name)
    }
    return source
  }
}

/** An IPv4 address; of an IPv6 address its /64, which is what one site is given, and the zone, if it has one. */
function sourceOf({ family, address }: Address): string {
  if (family === 'ipv4') return address
  const [bare = '', zone = ''] = address.split('%')
  const [left = [], right = []] = bare.split('::').map((half) => half.split(':'))
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0')
  return [...left, ...zeros, ...right].slice(0, 4).join(':') + zone
}

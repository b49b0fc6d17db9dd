/**
 * The kernel's dock under a script: it opens real listening sockets at the place that stands for the scripted endpoint,
 * and tells what came of it in the order of the listeners' numbers, since the kernel knows no order among them.
 *
 * What is to be taken is taken by another socket, what is not ours is not there, what takes privileges takes them
 * (`Ground.reserve`). Of what this kernel cannot be brought to say (a shortage, a family that it lacks) the place is
 * taken as well, and the script's reason is told in its stead; so is the reason of a listener's death, which is that its
 * handle was closed.
 */
import { expect } from 'vitest'
import type { Dock, DockEvent, DockRequest, DockSocket } from '../../src/dock.ts'
import { type Endpoint, type Transport, formatEndpoint } from '../../src/endpoint.ts'
import { type Failure, failure } from '../../src/failure.ts'
import { nodeDock } from '../../src/node/dock.ts'
import { Ports, isWildcard } from '../../src/sim/ports.ts'
import { canonicalBind } from '../../src/sim/place.ts'
import type { ServerScenario } from '../../src/sim/scenario.ts'
import type { Binds } from '../../src/sim/world-script.ts'
import type { Place } from './grounds.ts'
import type { Stage, Visitors } from './visitors.ts'

/** Somebody may put another in its place meanwhile. */
const openReal = nodeDock.open

/** Stands for the first port that the system chooses, as on the virtual network. */
const FIRST_PORT = 49_152

const bindOf = (transport: Transport, local: Endpoint) => `${formatEndpoint(local)}/${transport}`

export class ScriptedDock implements Dock {
  readonly stage: Stage
  readonly visitors: Visitors
  /** Codes that were told in the kernel's stead. */
  readonly standIns = new Set<string>()
  readonly #host: Ports
  readonly #refused = new Map<string, string>()
  readonly #chosen: number[] = []
  readonly #listeners = new Set<ScriptedListener>()
  #binding: Promise<void> = Promise.resolve()

  constructor(stage: Stage, visitors: Visitors, { self, binds }: Pick<ServerScenario, 'self' | 'binds'>) {
    this.stage = stage
    this.visitors = visitors
    this.#host = new Ports({ self, binds: {} })
    stage.ground.own(self)
    this.changeBinds(binds)
  }

  readonly open: Dock['open'] = (request, tell) => {
    const listener = new ScriptedListener(this, request, tell)
    this.#listeners.add(listener)
    // One after the other: what stands in the way of one is not in that of the next.
    this.#binding = this.#binding.then(() => listener.bind())
    void this.stage.stillness.during(`listener ${request.listener} to be bound, or not`, this.#binding)
    return listener
  }

  changeOwn(self: readonly string[]): void {
    this.#host.changeOwn(self)
    this.stage.ground.own(self)
  }

  changeBinds(binds: Binds): void {
    for (const [key, code] of Object.entries(binds)) {
      const bind = canonicalBind(key) ?? key
      if (code === null) this.#refused.delete(bind)
      else this.#refused.set(bind, code)
    }
  }

  die(bind: string, code: string): void {
    const local = canonicalBind(bind)
    for (const listener of this.#listeners) if (listener.isBoundTo(local)) listener.die(code)
  }

  /** Where somebody has to go who wants that endpoint, if anybody listens there. */
  doorOf(transport: Transport, to: Endpoint): Place | undefined {
    if (!this.#host.isOwn(to)) return undefined
    const listener = [...this.#listeners].find((listener) => listener.isReached(transport, to))
    return listener && { ...this.stage.ground.server(to), port: listener.port }
  }

  strike(listener: ScriptedListener): void {
    this.#listeners.delete(listener)
  }

  /** Why a bind is to fail. */
  refusalOf({ transport, endpoint }: DockRequest): string | undefined {
    return this.#host.lacks(endpoint.family) ? 'EAFNOSUPPORT' : this.#refused.get(bindOf(transport, endpoint))
  }

  /** Why a bind has failed, in the script's words if it was to fail. */
  inWords({ endpoint }: DockRequest, code: string | undefined, why: Failure): Failure {
    // A system that has no port to give cannot be had, either.
    if (code === undefined || (code === why.code && endpoint.port !== 0)) return why
    this.standIns.add(code)
    return failure(code, 'bind')
  }

  placeOf(scripted: Endpoint): Place {
    const chosen = this.#chosen[scripted.port - FIRST_PORT]
    return chosen === undefined
      ? this.stage.ground.server(scripted)
      : { ...this.stage.ground.server({ ...scripted, port: 0 }), port: chosen }
  }

  /** A port that the system has chosen, in the script's words. */
  choose(port: number): number {
    return FIRST_PORT + this.#chosen.push(port) - 1
  }

  /** Sees to it that nothing can be bound: where that is, and what undoes it. */
  async obstruct({ listener, transport, endpoint }: DockRequest, code: string): Promise<Obstruction> {
    const place = this.placeOf(endpoint)
    const undo = code === 'EACCES' ? this.stage.ground.reserve(place.port) : undefined
    if (undo) return { place, undo }
    const { family } = endpoint
    return new Promise((resolve, reject) => {
      const other = openReal({ listener, transport, endpoint: { family, ...place } }, (event) => {
        if (event.type === 'bound') resolve({ place: event.local, undo: () => other.close() })
        else reject(new Error(`${bindOf(transport, endpoint)} cannot be taken`, { cause: event }))
      })
    })
  }
}

interface Obstruction {
  readonly place: Place
  readonly undo: () => void
}

class ScriptedListener implements DockSocket {
  readonly #dock: ScriptedDock
  readonly #request: DockRequest
  readonly #tell: (event: DockEvent) => void
  #state: 'binding' | 'bound' | 'closed' = 'binding'
  #real: DockSocket | undefined
  #local: Endpoint | undefined
  /** Its own, of the kernel. */
  #port = 0
  #onTheWay: unknown
  /** Of its death, by the script. */
  #code: string | undefined
  #dead = () => {}

  constructor(dock: ScriptedDock, request: DockRequest, tell: (event: DockEvent) => void) {
    this.#dock = dock
    this.#request = request
    this.#tell = tell
  }

  get handle(): unknown {
    return this.#real?.handle
  }

  get port(): number {
    return this.#port
  }

  async bind(): Promise<void> {
    if (this.#state === 'closed') return
    const request = this.#request
    const code = this.#dock.refusalOf(request)
    const obstruction = code === undefined ? undefined : await this.#dock.obstruct(request, code)
    const place = obstruction?.place ?? this.#dock.placeOf(request.endpoint)
    const event = await this.#open(place)
    obstruction?.undo()
    if (event.type === 'bound') this.#bound(event.local, place)
    else if (event.type === 'failed') this.#later(() => this.#fail(this.#dock.inWords(request, code, event.failure)))
  }

  /** `bind`: as a script writes it. */
  isBoundTo(bind: string | undefined): boolean {
    return this.#local !== undefined && bindOf(this.#request.transport, this.#local) === bind
  }

  isReached(transport: Transport, { family, address, port }: Endpoint): boolean {
    const local = this.#state === 'bound' && this.#request.transport === transport ? this.#local : undefined
    if (local?.family !== family || local.port !== port) return false
    return local.address === address || isWildcard(local)
  }

  die(code: string): void {
    this.#code = code
    this.#dead = this.#dock.stage.stillness.expect(`the death of listener ${this.#request.listener}`)
    ;(this.handle as { close: () => void }).close()
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    this.#real?.send(bytes, this.#dock.visitors.answered(to))
  }

  close(): void {
    this.#state = 'closed'
    this.#dock.strike(this)
    this.#dock.stage.clock.clearTimeout(this.#onTheWay)
    this.#real?.close()
  }

  /** Where the kernel bound it, or why not. */
  #open(place: Place): Promise<DockEvent> {
    const { endpoint } = this.#request
    return new Promise((resolve) => {
      const request = { ...this.#request, endpoint: { family: endpoint.family, ...place } }
      this.#real = openReal(request, (event) =>
        event.type === 'bound' || this.#local === undefined ? resolve(event) : this.#hear(event),
      )
    })
  }

  #bound({ address, port }: Endpoint, place: Place): void {
    expect({ address, port }).toEqual({ address: place.address, port: place.port === 0 ? port : place.port })
    const { endpoint } = this.#request
    const local = { ...endpoint, port: endpoint.port === 0 ? this.#dock.choose(port) : endpoint.port }
    this.#local = local
    this.#port = port
    this.#later(() => {
      this.#state = 'bound'
      this.#tell({ type: 'bound', local })
    })
  }

  #hear(event: DockEvent): void {
    const { listener } = this.#request
    const { visitors } = this.#dock
    if (event.type === 'arrived') this.#tell({ type: 'arrived', guest: visitors.arrived(listener, event.guest) })
    else if (event.type === 'heard') this.#tell({ ...event, from: visitors.heard(event.from) })
    else if (event.type === 'failed')
      this.#fail(this.#code === undefined ? event.failure : failure(this.#code, 'accept'))
    else this.#tell(event)
  }

  #fail(why: Failure): void {
    this.close()
    this.#dead()
    this.#tell({ type: 'failed', failure: why })
  }

  #later(run: () => void): void {
    const { clock } = this.#dock.stage
    this.#onTheWay = clock.at(clock.now(), this.#request.listener, run)
  }
}

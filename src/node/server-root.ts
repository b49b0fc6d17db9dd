/** The root of a server. Whom it lets in goes to the reception it was started with, past the machines. */
import { type ListenActors } from '../../machines/listen.ts'
import { type ServerOutput, serverLogic } from '../../machines/server.ts'
import type { Reception } from '../acceptor.ts'
import type { ServerConfig } from '../config/server-schema.ts'
import type { Failure } from '../failure.ts'
import type { ReadySockets, SocketPlugin } from '../plugins/plugin.ts'
import type { ServerNote } from '../roster.ts'
import { nodeActors } from './actors.ts'
import { seedOf } from './checked.ts'
import { type Addresses, ownAddresses, readAddresses } from './monitor.ts'
import { readySocketsOf } from './ready-sockets.ts'
import { Root, type RootListener, type RootOptions } from './root.ts'

export interface ServerRootOptions extends RootOptions {
  readonly actors?: Partial<ListenActors>
  /** Where sockets come from that are not to be bound here: `[systemd()]`. */
  readonly plugins?: readonly SocketPlugin[]
}

type ServerLogic = ReturnType<typeof serverLogic>

/** By system: one logic serves all servers. */
const receptions = new WeakMap<object, Reception>()

// Making a logic costs more than binding a few sockets does, and nearly everybody uses the same one.
let ordinary: ServerLogic | undefined

function logicFor({ actors }: ServerRootOptions, ready: ReadySockets | undefined): ServerLogic {
  const isOrdinary = !actors && !ready
  if (isOrdinary && ordinary) return ordinary
  const logic = serverLogic({ ...nodeActors({ receptionOf: (system) => receptions.get(system), ready }), ...actors })
  if (isOrdinary) ordinary = logic
  return logic
}

export class ServerRoot extends Root<ServerLogic> {
  readonly #ready: ReadySockets | undefined
  readonly #addresses: Addresses | undefined
  /** Why the sockets of its plugins do not let it serve. */
  #refusal: Failure | undefined

  constructor(config: ServerConfig, options: ServerRootOptions) {
    const seed = seedOf(options.seed)
    const found = readySocketsOf(options.plugins ?? [])
    const refusal = found && 'code' in found ? found : undefined
    const ready = found && 'code' in found ? undefined : found
    const addresses = readAddresses()
    super(logicFor(options, ready), { config, seed, addresses: addresses?.listed ?? [] }, options)
    this.#ready = ready
    this.#addresses = addresses
    this.#refusal = refusal
  }

  networkChanged(addresses = ownAddresses()): void {
    this.send({ type: 'network.changed', addresses })
  }

  override start(listener: RootListener<ServerLogic> & { readonly reception: Reception }): void {
    const { reception, note, ended } = listener
    if (this.#refusal) {
      note({ type: 'server.failed', at: 0, failure: this.#refusal })
      return ended(this.broken(this.#refusal))
    }
    receptions.set(this.actor.system, reception)
    this.watchNetwork(this.#addresses)
    super.start({ ...listener, ended: (output) => ended(this.#refusal ? this.broken(this.#refusal) : output) })
  }

  /** When every listener has been tried, whoever has a socket left knows that nobody wants it. */
  protected override follow(note: ServerNote): void {
    if (note.type === 'server.listening') this.#refusal = this.#ready?.leftOver()
    const why = this.#refusal
    if (!why) super.follow(note)
    else if (note.type === 'server.listening') this.send({ type: 'stop' })
    else super.follow(note.type === 'server.stopped' ? { type: 'server.failed', at: note.at, failure: why } : note)
  }

  protected broken(why: Failure): ServerOutput {
    return { outcome: 'failed', failure: why }
  }
}

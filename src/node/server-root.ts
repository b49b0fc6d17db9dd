/** The root of a server. Whom it lets in goes to the reception it was started with, past the machines. */
import { type ListenActors } from '../../machines/listen.ts'
import { type ServerOutput, serverLogic } from '../../machines/server.ts'
import type { Reception } from '../acceptor.ts'
import type { ServerConfig } from '../config/server-schema.ts'
import type { Failure } from '../failure.ts'
import { nodeActors } from './actors.ts'
import { seedOf } from './checked.ts'
import { ownAddresses } from './monitor.ts'
import { Root, type RootListener, type RootOptions } from './root.ts'

export interface ServerRootOptions extends RootOptions {
  readonly actors?: Partial<ListenActors>
}

type ServerLogic = ReturnType<typeof serverLogic>

/** By system: one logic serves all servers. */
const receptions = new WeakMap<object, Reception>()

// Making a logic costs more than binding a few sockets does, and nearly everybody uses the same one.
let ordinary: ServerLogic | undefined

function logicFor({ actors }: ServerRootOptions): ServerLogic {
  if (!actors && ordinary) return ordinary
  const logic = serverLogic({ ...nodeActors({ receptionOf: (system) => receptions.get(system) }), ...actors })
  if (!actors) ordinary = logic
  return logic
}

export class ServerRoot extends Root<ServerLogic> {
  constructor(config: ServerConfig, options: ServerRootOptions) {
    super(logicFor(options), { config, seed: seedOf(options.seed), addresses: ownAddresses() }, options)
  }

  networkChanged(addresses = ownAddresses()): void {
    this.send({ type: 'network.changed', addresses })
  }

  override start(listener: RootListener<ServerLogic> & { readonly reception: Reception }): void {
    receptions.set(this.actor.system, listener.reception)
    this.watchNetwork()
    super.start(listener)
  }

  protected broken(why: Failure): ServerOutput {
    return { outcome: 'failed', failure: why }
  }
}

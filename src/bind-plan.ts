/**
 * The plan of a server: configuration plus answers gives every socket that would be bound, in order, and every skip with
 * its reason. Opens nothing; the same functions feed the machines. `plan.ts` is its sister for clients.
 */
import {
  type Host,
  type HostInput,
  type Place,
  bindListOf,
  familiesOf,
  hostOf,
  isWildcard,
  multihomeWarning,
  nameOf,
} from './bind-list.ts'
import type { Listen, ServerConfig } from './config/server-schema.ts'
import { type Endpoint, type Family, type Transport, formatEndpoint } from './endpoint.ts'
import { type Failure, failure } from './failure.ts'

/** What is asked of a resolver for one block. */
export interface BlockLookup {
  readonly block: number
  readonly host: string
  readonly transport: Transport
  readonly families: readonly Family[]
}

/** Port 0: one that the system chooses, for all of its block. */
export interface PlannedSocket extends Endpoint {
  readonly kind: Place['kind']
  /** An earlier block takes its place; what names stand for is known only now. */
  readonly failure?: Failure
}

export interface PlannedBlock {
  /** Index in the configuration. */
  readonly block: number
  readonly listen: Listen
  readonly sockets: readonly PlannedSocket[]
  readonly skipped: readonly { readonly endpoint: Endpoint | null; readonly failure: Failure }[]
  readonly warning?: string
  /** Its look-up failed, or nothing is left to bind. */
  readonly failure?: Failure
}

/** `ask` looks a name up, once for each block that has one, in order. */
export async function makeBindPlan(
  config: Pick<ServerConfig, 'listen' | 'multihome'>,
  addresses: HostInput['addresses'],
  ask: (lookup: BlockLookup) => Promise<readonly string[] | Failure>,
): Promise<readonly PlannedBlock[]> {
  const host = hostOf({ addresses, multihome: config.multihome })
  const planned: PlannedBlock[] = []
  for (const [block, listen] of config.listen.entries()) {
    const name = nameOf(listen)
    const lookup = { block, host: name ?? '', transport: listen.proto, families: familiesOf(listen) }
    const answer = name === undefined ? [] : await ask(lookup)
    planned.push(
      'code' in answer
        ? { block, listen, sockets: [], skipped: [], failure: answer }
        : planOf(block, listen, answer, host),
    )
  }
  return planned.map((block) => ({ ...block, sockets: block.sockets.map((socket) => judge(socket, block, planned)) }))
}

function planOf(block: number, listen: Listen, answer: readonly string[], host: Host): PlannedBlock {
  const { places, skipped } = bindListOf(listen, answer, host)
  const sockets = places.map((place) => ({ ...place, port: listen.port }))
  const warning = multihomeWarning(listen, host)
  const none = places.length === 0 ? failure('NO_ADDRESS', 'resolve', 'there is no address to bind') : undefined
  return { block, listen, sockets, skipped, ...(warning !== undefined && { warning }), ...(none && { failure: none }) }
}

function judge(socket: PlannedSocket, { block, listen }: PlannedBlock, all: readonly PlannedBlock[]): PlannedSocket {
  for (const earlier of all.slice(0, block)) {
    const rival = earlier.listen.proto === listen.proto && earlier.sockets.find((other) => overlap(other, socket))
    if (!rival) continue
    const message = `block ${earlier.block + 1} binds ${formatEndpoint(rival)}`
    return { ...socket, failure: failure('BIND_CLASH', 'plan', message) }
  }
  return socket
}

// Port 0 is any port, another one each time.
function overlap(a: PlannedSocket, b: PlannedSocket): boolean {
  if (a.port === 0 || a.port !== b.port || a.family !== b.family) return false
  return a.address === b.address || isWildcard(a) || isWildcard(b)
}

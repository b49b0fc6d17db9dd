/**
 * The plan of a server: configuration plus answers gives every socket that would be bound, in order, and every skip with
 * its reason. Opens nothing; the same functions feed the machines. `plan.ts` is its sister for clients.
 */
import { type Host, type Place, bindListOf, familiesOf, multihomeWarning, nameOf } from './bind-list.ts'
import type { Listen, ServerConfig } from './config/server-schema.ts'
import type { Endpoint, Family, Transport } from './endpoint.ts'
import { type Failure, failure } from './failure.ts'

/** What is asked of a resolver for one block. */
export interface BlockLookup {
  readonly block: number
  readonly host: string
  readonly transport: Transport
  readonly families: readonly Family[]
}

export interface PlannedBlock {
  /** Index in the configuration. */
  readonly block: number
  readonly listen: Listen
  /** Port 0: one that the system chooses, for all of them. */
  readonly sockets: readonly (Endpoint & { readonly kind: Place['kind'] })[]
  readonly skipped: readonly { readonly endpoint: Endpoint | null; readonly failure: Failure }[]
  readonly warning?: string
  /** Its look-up failed, or nothing is left to bind. */
  readonly failure?: Failure
}

/** `ask` looks a name up, once for each block that has one, in order. */
export async function makeBindPlan(
  config: ServerConfig,
  addresses: Host['addresses'],
  ask: (lookup: BlockLookup) => Promise<readonly string[] | Failure>,
): Promise<readonly PlannedBlock[]> {
  const host = { addresses, multihome: config.multihome }
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
  return planned
}

function planOf(block: number, listen: Listen, answer: readonly string[], host: Host): PlannedBlock {
  const { places, skipped } = bindListOf(listen, answer, host)
  const sockets = places.map((place) => ({ ...place, port: listen.port }))
  const warning = multihomeWarning(listen, host)
  const none = places.length === 0 ? failure('NO_ADDRESS', 'resolve', 'there is no address to bind') : undefined
  return { block, listen, sockets, skipped, ...(warning !== undefined && { warning }), ...(none && { failure: none }) }
}

/**
 * A peer's configuration as data (R5): what it binds, whom it tries, and how it is kept. What a text leaves open is filled
 * in by the compiler; durations are ms, plain JSON.
 */
import { z } from 'zod'
import { ms } from './duration.ts'
import type { Meet } from '../junction.ts'
import { type ClientConfig, ClientSchema, MAX_REMOTES, Remote } from './schema.ts'
import { Listen } from './server-schema.ts'

const { mode: _, remotes: __, ...walk } = ClientSchema.shape

export const PeerSchema = z.strictObject({
  mode: z.literal('p2p'),
  /** R5. `all`: every socket is bound and shared by the attempts. `pinned`: one local, one remote. */
  sockets: z.enum(['roles', 'all', 'pinned']),
  /** `waits`: it takes the first that confirms and tries nobody (`udp-server`, `tcp-server`). */
  waits: z.boolean().default(false),
  /** What is bound for all attempts; absent, each binds for itself (`udp-client`, `tcp-client`). */
  listen: Listen.optional(),
  bindPolicy: z.enum(['all', 'any']).default('all'),
  /** Who waits takes only these, which are literals; none: whoever confirms. */
  remotes: z.array(Remote).max(MAX_REMOTES).readonly().default([]),
  /** Of a peer without remotes. */
  confirm: z.enum(['peer', 'none']).default('peer'),
  /** A confirmed peer may move to another address, and come from one that nobody configured. */
  float: z.boolean().default(false),
  keepalive: z.strictObject({ ping: ms(1).optional(), restart: ms(1).optional() }).default(() => ({})),
  ...walk,
})

/** The whole configuration of a peer, every default filled in. */
export interface PeerConfig extends z.output<typeof PeerSchema> {}
export interface PeerConfigInput extends z.input<typeof PeerSchema> {}

/** How these remotes are walked. */
export function clientOf(config: PeerConfig, remotes: ClientConfig['remotes']): ClientConfig {
  const { sockets: _sockets, waits: _waits, listen: _listen, bindPolicy: _policy, ...rest } = config
  const { confirm: _confirm, float: _float, keepalive: _keepalive, ...client } = rest
  return { ...client, mode: 'client', remotes }
}

/** The remote that somebody whom we met is: an address, and the settings of the first remote. */
export function remoteAt(config: PeerConfig, { transport, remote }: Pick<Meet, 'transport' | 'remote'>): Remote {
  const { connectTimeout = 10_000, confirm = { kind: config.confirm } } = config.remotes[0] ?? {}
  return { host: remote.address, port: remote.port, proto: transport, connectTimeout, confirm }
}

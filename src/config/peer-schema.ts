/**
 * A peer's configuration as data (R5): what it binds, whom it tries, and how it is kept. What a text leaves open is filled
 * in by the compiler; durations are ms, plain JSON. What must not stand together is said in `peer-conflicts.ts`.
 */
import { z } from 'zod'
import { type Address, parseAddress } from '../endpoint.ts'
import type { Meet } from '../junction.ts'
import { ms } from './duration.ts'
import { type ClientConfig, ClientSchema, MAX_REMOTES, NO_HOPS, PeerRemote, type Remote } from './schema.ts'
import { Listen } from './server-schema.ts'

const { mode: _, remotes: __, ...walk } = ClientSchema.shape

export const PeerSchema = z
  .strictObject({
    mode: z.literal('p2p'),
    /** R5. `all`: every socket is bound and shared by the attempts. `pinned`: one local, one remote. */
    sockets: z.enum(['roles', 'all', 'pinned']),
    /** `waits`: it takes the first that confirms and tries nobody (`udp-server`, `tcp-server`). */
    waits: z.boolean().default(false),
    /** What is bound for all attempts; absent, each binds for itself (`udp-client`, `tcp-client`). */
    listen: Listen.optional(),
    bindPolicy: z.enum(['all', 'any']).default('all'),
    /** Who waits takes only these, which are literals; none: whoever confirms. */
    remotes: z.array(PeerRemote).max(MAX_REMOTES).readonly().default([]),
    /** Of whoever comes, and of the remotes that do not say. */
    confirm: z.enum(['peer', 'none']).default('peer'),
    /** Of the same. */
    connectTimeout: ms(1).default(10_000),
    /** A confirmed peer may move to another address, and come from one that nobody configured. */
    float: z.boolean().default(false),
    /** `ping`: something is sent at least so often. `restart`: lost, when nothing was heard for so long. */
    keepalive: z.strictObject({ ping: ms(1).optional(), restart: ms(1).optional() }).default(() => ({})),
    ...walk,
  })
  .transform(({ remotes, ...config }) => ({
    ...config,
    remotes: remotes.map(
      ({ connectTimeout = config.connectTimeout, confirm = { kind: config.confirm }, ...remote }): Remote => {
        return { ...remote, connectTimeout, confirm }
      },
    ),
  }))

/** The whole configuration of a peer, every default filled in. */
export interface PeerConfig extends z.output<typeof PeerSchema> {}
export interface PeerConfigInput extends z.input<typeof PeerSchema> {}

/** How these remotes are walked. What is bound for all is the local side of each, as far as its family is known (R6). */
export function clientOf(config: PeerConfig, remotes: ClientConfig['remotes']): ClientConfig {
  const { sockets: _sockets, waits, listen, bindPolicy: _policy, ...rest } = config
  const { confirm: _confirm, connectTimeout: _timeout, float: _float, keepalive: _keepalive, ...client } = rest
  const local = listen && !waits && localBy(listen)
  return { ...client, mode: 'client', remotes: local ? remotes.map((remote) => ({ ...remote, local })) : remotes }
}

function localBy(listen: Listen): Remote['local'] {
  const only = boundOnly(listen)
  return only && { host: only.address, port: listen.port }
}

/** The address that all sockets are bound to, or the wildcard of their only family. `::` alone is both families (R2). */
export function boundOnly({ host, family }: Listen): Address | undefined {
  const literal = parseAddress(host ?? '')
  if (literal && (family || literal.address !== '::')) return literal
  if (host !== undefined && !literal) return undefined
  return family && { family, address: family === 'ipv4' ? '0.0.0.0' : '::' }
}

/** It waits for whoever comes (and is welcome). */
export const triesNobody = ({ waits, remotes }: Pick<PeerConfig, 'waits' | 'remotes'>): boolean =>
  waits || remotes.length === 0

const isAt = ({ host }: Remote, { address }: Address) => parseAddress(host)?.address === address

/** Whether somebody whom we met is one of the remotes. Who comes over TCP comes from any port. */
export const isRemote = ({ remotes }: PeerConfig, { transport, remote }: Pick<Meet, 'transport' | 'remote'>): boolean =>
  remotes.some(
    (one) => one.proto === transport && isAt(one, remote) && (transport === 'tcp' || one.port === remote.port),
  )

/** Where somebody was met, with the settings of the remote that has the address. */
export function remoteAt(config: PeerConfig, { transport, remote }: Pick<Meet, 'transport' | 'remote'>): Remote {
  const known = config.remotes.find((one) => isAt(one, remote))
  const { connectTimeout, confirm } = known ?? { ...config, confirm: { kind: config.confirm } }
  return { host: remote.address, port: remote.port, proto: transport, hops: NO_HOPS, connectTimeout, confirm }
}

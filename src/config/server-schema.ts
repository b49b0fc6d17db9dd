/** A server's configuration as data (R2, R8): every block is bound at once. Durations are ms; plain JSON. */
import { z } from 'zod'
import { parseAddress } from '../endpoint.ts'
import { ms } from './duration.ts'
import { LocalHost } from './host.ts'

export const MAX_LISTENS = 64
export const MAX_CLIENTS = 1_000_000
/** What a sliding window has to remember at most. */
export const MAX_RATE = 65_536

/** One `<listen>` block: each address of `host` becomes a socket of its own. */
export const Listen = z
  .strictObject({
    proto: z.enum(['udp', 'tcp']).default('udp'),
    /** No host: the wildcards. `::` without `family` means both wildcards, too. */
    host: LocalHost.optional(),
    /** 0: any port, one for all families of the block. */
    port: z.int().min(0).max(65535).default(1194),
    /** Binds this family only; both without it. `bind ipv6only` is `ipv6`: every v6 socket is v6-only anyway. */
    family: z.enum(['ipv4', 'ipv6']).optional(),
  })
  .check((context) => {
    const { host, family } = context.value
    const literal = parseAddress(host ?? '')
    if (!literal || !family || literal.family === family) return
    const message = `${host} is no ${family} address, but ${family} is forced`
    context.issues.push({ code: 'custom', message, params: { code: 'R1' }, path: ['host'], input: host })
  })

/** At most `count` in any `window` ms, sliding. */
const Rate = z.strictObject({ count: z.int().min(1).max(MAX_RATE), window: ms(1) })

export const ServerSchema = z.strictObject({
  mode: z.literal('server').default('server'),
  listen: z.array(Listen).min(1).max(MAX_LISTENS).readonly(),
  /** `all`: one failed bind of an address that was named fails the start. `any`: the rest is served, and it retried. */
  bindPolicy: z.enum(['all', 'any']).default('all'),
  /** A UDP wildcard becomes a socket for each address of this host, so that replies leave from the asked address. */
  multihome: z.boolean().default(false),
  /** The only bound on a look-up, ms, from the moment the machine asks. */
  resolveTimeout: ms(1).default(5_000),
  /** TCP clients and live UDP peers, over all listeners (OpenVPN's default). */
  maxClients: z.int().min(1).max(MAX_CLIENTS).default(1024),
  /** TCP clients that have sent no byte yet; the oldest goes first. Off by default, 100 with `handWindow`. */
  maxPending: z.int().min(1).max(MAX_CLIENTS).optional(),
  /** A TCP client that has sent no byte for so long, ms, is closed. Off by default. */
  handWindow: ms(1).optional(),
  /** New clients, over all listeners. Off by default. */
  connectFreq: Rate.optional(),
  /** New clients of one source: an IPv4 address, or an IPv6 /64. Off by default. */
  sourceFreq: Rate.optional(),
  /** No reply to a datagram is larger than the datagram was. */
  amplificationLimit: z.boolean().default(false),
})

/** The whole configuration of a server, every default filled in. */
export interface ServerConfig extends z.output<typeof ServerSchema> {}
/** What a program may write: only `listen` is needed. */
export interface ServerConfigInput extends z.input<typeof ServerSchema> {}
export type Listen = ServerConfig['listen'][number]
export type Rate = z.output<typeof Rate>

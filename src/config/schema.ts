/**
 * A client's configuration as data: what the text is compiled to, and what programs pass instead of it. Durations are
 * ms. Plain JSON: keys are handles into a `Vault`, never bytes. A server's is in `server-schema.ts`, a peer's in
 * `peer-schema.ts`.
 */
import { z } from 'zod'
import { parseAddress } from '../endpoint.ts'
import { ms } from './duration.ts'
import { Host, LocalHost, unmapped } from './host.ts'
import type { PeerConfig } from './peer-schema.ts'
import type { ServerConfig } from './server-schema.ts'

/** OpenVPN's own limit up to 2.5: more is an error, never cut off in silence. */
export const MAX_REMOTES = 64

/** What OpenVPN calls the digests that sign a `tls-auth` packet, as far as OpenSSL 3 has them without legacy code. */
export const DIGESTS = [
  ...(['SHA1', 'SHA224', 'SHA256', 'SHA384', 'SHA512', 'SHA512-224', 'SHA512-256'] as const),
  ...(['SHA3-224', 'SHA3-256', 'SHA3-384', 'SHA3-512', 'MD5', 'RIPEMD160', 'BLAKE2B512', 'BLAKE2S256', 'SM3'] as const),
] as const

/** A key somewhere in a vault; the bytes are never in the configuration. */
const KeyHandle = z.string().regex(/^key:\d+$/, 'expected the handle of a key in a vault, like key:1')

/** Fits on one line of the text form, escapes and all. */
const MAX_REPLY = 400
export const ReplyText = z
  .string()
  .min(1)
  .max(MAX_REPLY)
  .regex(/^\P{Cc}*$/u, 'expected no control characters')

/**
 * How a candidate proves that a peer answers. `none`: it does not, the candidate stays unconfirmed. `reply`: `text` is
 * sent (UDP only), any datagram confirms and is the connection's first message. `openvpn`: the hard-reset exchange.
 */
const Confirmation = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  /** Peers' own exchange: both sides know that a path works, and agree on one. */
  z.strictObject({ kind: z.literal('peer') }),
  z.strictObject({ kind: z.literal('reply'), text: ReplyText }),
  z.strictObject({
    kind: z.literal('openvpn'),
    /** How the packet is signed or wrapped, when the server wants that. `auth` is a digest name of OpenVPN's. */
    wrap: z
      .discriminatedUnion('kind', [
        z.strictObject({
          kind: z.literal('tls-auth'),
          key: KeyHandle,
          direction: z.union([z.literal(0), z.literal(1)]).optional(),
          auth: z.enum(DIGESTS).default('SHA1'),
        }),
        z.strictObject({ kind: z.literal('tls-crypt'), key: KeyHandle }),
      ])
      .optional(),
  }),
])

/** The local side of a client's socket (R7). No `host`: the wildcard of the candidate's family. Port 0: any port. */
const Local = z.strictObject({ host: LocalHost.optional(), port: z.int().min(0).max(65535).default(0) })

const NO_CONFIRMATION = { kind: 'none' } as const

/** More are no way but a maze. */
export const MAX_HOPS = 8

/**
 * Something between us and the remote, made by the plugin that has the name `kind`. What its settings mean is the
 * plugin's business; secrets are handles of a vault. The first one is dialled; all others, and the remote, are named to
 * the one before, unresolved.
 */
const Hop = z.strictObject({
  kind: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'expected the name of a plugin'),
  host: Host.overwrite(unmapped),
  port: z.int().min(1).max(65535),
  settings: z
    .record(z.string(), z.union([z.string(), z.array(z.string()).max(64).readonly()]))
    .default(() => NO_SETTINGS),
})
const NO_SETTINGS: Readonly<Record<string, string | readonly string[]>> = {}
export const NO_HOPS: readonly z.output<typeof Hop>[] = []

/** Where a remote is, and from where it is tried. */
const Target = z.strictObject({
  host: Host.overwrite(unmapped),
  port: z.int().min(1).max(65535).default(1194),
  proto: z.enum(['udp', 'tcp']).default('udp'),
  /** Forces one address family; both without it (R1). */
  family: z.enum(['ipv4', 'ipv6']).optional(),
  /** Binds the socket of each attempt, of the candidate's family only; not bound without it. */
  local: Local.optional(),
})

type Written = z.output<typeof Target> & {
  readonly confirm?: z.output<typeof Confirmation> | undefined
  readonly hops?: readonly z.output<typeof Hop>[] | undefined
}

const isConsistent = (context: z.core.ParsePayload<Written>): void => {
  const { family, proto, confirm } = context.value
  const { host } = doorOf(context.value)
  const literal = parseAddress(host)
  if (literal && family && literal.family !== family) {
    const message = `${host} is no ${family} address, but ${family} is forced`
    const path = [...doorPath(context.value), 'host']
    context.issues.push({ code: 'custom', message, params: { code: 'R1' }, path, input: host })
  }
  if (proto === 'tcp' && confirm?.kind === 'reply') {
    const message = '"confirm reply" works over UDP only'
    context.issues.push({ code: 'custom', message, path: ['confirm'], input: confirm })
  }
}

/** One deadline for everything that an attempt does, ms. */
const ConnectTimeout = ms(1)

const Remote = Target.extend({
  /** The way to it, nearest first; none: it is dialled itself. */
  hops: z
    .array(Hop)
    .max(MAX_HOPS)
    .readonly()
    .default(() => NO_HOPS),
  connectTimeout: ConnectTimeout.default(10_000),
  confirm: Confirmation.default(() => NO_CONFIRMATION),
}).check(isConsistent)

const FOR_CLIENTS = { message: 'hops are for clients: peers meet without any', params: { code: 'R9' } }

/** What it does not say, its peer says. */
export const PeerRemote = Target.extend({
  hops: z
    .array(Hop)
    .readonly()
    .refine((hops) => hops.length === 0, FOR_CLIENTS)
    .default(() => NO_HOPS),
  connectTimeout: ConnectTimeout.optional(),
  confirm: Confirmation.optional(),
}).check(isConsistent)

// One object each for everybody who says nothing: configurations are read, never written.
const BACKOFF = { min: 1_000, max: 300_000 } as const
const PACING = { policy: 'sequential', attemptDelay: 250, maxInFlight: 10 } as const
const ORDER = { kind: 'as-returned', count: 1 } as const

export const ClientSchema = z.strictObject({
  mode: z.literal('client').default('client'),
  remotes: z.array(Remote).min(1).max(MAX_REMOTES).readonly(),
  /** One seeded permutation of the remotes per start; the addresses of each stay in their order. */
  remoteRandom: z.boolean().default(false),
  /** A random label in front of each name that is looked up, against caches. */
  remoteRandomHostname: z.boolean().default(false),
  /** The only bound on a look-up, ms, from the moment the machine asks. */
  resolveTimeout: ms(1).default(5_000),
  /** `infinite`: one look-up per round. ms: repeated every 5 s for so long. 0: a failed name fails the start. */
  resolvRetry: z.union([z.literal('infinite'), ms(0)]).default('infinite'),
  connectRetry: z.strictObject({ min: ms(1000).default(1_000), max: ms(1000).default(300_000) }).default(() => BACKOFF),
  /** Failed rounds in a row after which the client gives up; 0: never. */
  connectRetryMax: z.int().min(0).default(0),
  pacing: z
    .strictObject({
      policy: z.enum(['sequential', 'newest']).default('sequential'),
      attemptDelay: ms(10).default(250),
      maxInFlight: z.int().min(1).max(100).default(10),
    })
    .default(() => PACING),
  /** The order of the addresses inside one remote. `count`: addresses of the first family before the other's first. */
  candidateOrder: z
    .strictObject({
      kind: z.enum(['as-returned', 'interleave', 'first-other', 'ipv6-first', 'ipv4-first']),
      count: z.int().min(1).max(25).default(1),
    })
    .default(() => ORDER),
})

/** Where a remote is dialled: at its first hop, or itself. */
export const doorOf = (remote: Door & { readonly hops?: readonly Door[] | undefined }): Door =>
  remote.hops?.[0] ?? remote
/** Where in a remote that is written. */
export const doorPath = ({
  hops = [],
}: {
  readonly hops?: readonly Door[] | undefined
}): readonly (string | number)[] => (hops.length > 0 ? ['hops', 0] : [])
interface Door {
  readonly host: string
  readonly port: number
}

/** A whole configuration, every default filled in; `mode` says whose. */
export type Config = ClientConfig | ServerConfig | PeerConfig
export interface ClientConfig extends z.output<typeof ClientSchema> {}
/** What a program may write: only `remotes` is needed. */
export interface ClientConfigInput extends z.input<typeof ClientSchema> {}
export type Remote = ClientConfig['remotes'][number]
export type RemoteInput = ClientConfigInput['remotes'][number]
export type Confirmation = Remote['confirm']
export type HopConfig = Remote['hops'][number]
export type CandidateOrder = ClientConfig['candidateOrder']

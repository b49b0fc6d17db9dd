/** What befalls a virtual world, and when: the entries of a timeline. */
import { z } from 'zod'
import type { Config } from '../config/schema.ts'
import { choice, isObject } from './choice.ts'
import { Links, Nat, PeerName } from './link-script.ts'
import { Place, TARGET, bindProblem, canonicalTarget } from './place.ts'
import { Binds, Code, LIMITS, Ms, Names, Network, Self } from './world-script.ts'

const Kill = z.strictObject({
  /** `ADDR` or `ADDR:PORT` of the peer whose connections end: those to it, and those that it made. */
  address: z.string().refine((text) => canonicalTarget(text) !== undefined, TARGET),
  /** `vanish`: it never says a word again, and nobody is told. */
  how: z.enum(['reset', 'fin', 'vanish']),
})

const From = z
  .strictObject({
    source: Place,
    /** An address of this host: whoever listens there, or on the wildcard of its family, gets it. */
    to: Place,
    transport: z.enum(['tcp', 'udp']),
    /** What it says. TCP: nothing, by default; UDP: an empty datagram. */
    send: z.string().max(LIMITS.text).optional(),
    /** UDP: what it says, as bytes. */
    hex: z
      .string()
      .max(2 * LIMITS.text)
      .regex(/^(?:[\da-f]{2})*$/, 'bytes are written in hexadecimal, as in 00ff')
      .optional(),
    /** Of peers: what it says is a datagram that one of them has sent, the first is 1. */
    replay: z.strictObject({ peer: PeerName, datagram: z.int().min(1).max(LIMITS.sent) }).optional(),
    /** TCP: so long after it has connected; at once, by default. */
    sendAfterMs: Ms.optional(),
    /** TCP: so long after it has connected; by default it stays. */
    closeAfterMs: Ms.optional(),
    /** So many of them, from one source port after the other. */
    count: z.int().min(1).max(LIMITS.visitors).default(1),
    /** From one to the next. */
    everyMs: Ms.default(0),
  })
  .check((context) => {
    const { source, to, transport, send, hex, replay, sendAfterMs, closeAfterMs, count } = context.value
    const tell = (message: string) => context.issues.push({ code: 'custom', message, path: [], input: context.value })
    if (source.family !== to.family) tell('"source" and "to" are of one family')
    if (source.port + count - 1 > 65_535) tell('there are not so many source ports')
    if (transport === 'udp' && (sendAfterMs ?? closeAfterMs) !== undefined)
      tell('"sendAfterMs" and "closeAfterMs" are for tcp: a datagram comes and goes')
    if (transport === 'tcp' && (hex ?? replay) !== undefined) tell('"hex" and "replay" are for udp')
    if ([send, hex, replay].filter((said) => said !== undefined).length > 1)
      tell('"send", "hex" and "replay" are three ways to say the same')
    if (sendAfterMs !== undefined && send === undefined) tell('"sendAfterMs" belongs to a "send"')
  })
/** Inbound clients, or datagrams. */
export type From = z.output<typeof From>

const Die = z.strictObject({
  /** `ADDR:PORT/tcp|udp`, as it is bound. */
  listener: z.string().check((context) => {
    const message = bindProblem(context.value)
    if (message !== undefined) context.issues.push({ code: 'custom', message, input: context.value })
  }),
  code: Code,
})

/** Of two peers. */
const Whose = PeerName.optional()

const Send = z.strictObject({ peer: PeerName, text: z.string().min(1).max(LIMITS.text) })

const Do = z
  .strictObject({
    atMs: Ms,
    do: z.enum(['stop', 'start', 'reject', 'next', 'network-changed', 'drain']),
    peer: Whose,
    /** Of a drain: how long clients may go on; 30,000 by default. */
    graceMs: Ms.optional(),
  })
  .check((context) => {
    const message = '"graceMs" belongs to a "drain"'
    if (context.value.graceMs !== undefined && context.value.do !== 'drain')
      context.issues.push({ code: 'custom', message, path: ['graceMs'], input: context.value })
  })
/** What somebody tells the root to do. */
export type Command = z.output<typeof Do>['do']

const ENTRIES = {
  network: z.strictObject({ atMs: Ms, network: Network }),
  names: z.strictObject({ atMs: Ms, names: Names }),
  kill: z.strictObject({ atMs: Ms, kill: Kill }),
  bindError: z.strictObject({ atMs: Ms, bindError: Binds, peer: Whose }),
  self: z.strictObject({ atMs: Ms, self: Self, peer: Whose }),
  from: z.strictObject({ atMs: Ms, from: From }),
  die: z.strictObject({ atMs: Ms, die: Die, peer: Whose }),
  links: z.strictObject({ atMs: Ms, links: Links }),
  nat: z.strictObject({ atMs: Ms, nat: Nat }),
  /** What the program of a peer sends over the connection that is held. */
  send: z.strictObject({ atMs: Ms, send: Send }),
  do: Do,
} as const
type EntryKind = keyof typeof ENTRIES

export const Entry = choice<(typeof ENTRIES)[EntryKind]>((value) => {
  if (!isObject(value)) return 'an entry is an object, such as { "atMs": 5000, "do": "stop" }'
  const kind = (Object.keys(ENTRIES) as EntryKind[]).find((kind) => kind in value)
  return kind ? ENTRIES[kind] : `an entry has one of ${Object.keys(ENTRIES).join(', ')}`
})
/** One thing that befalls the world. Those of one instant happen in the order of the file. */
export type TimelineEntry = z.output<(typeof ENTRIES)[EntryKind]>
/** What befalls one host. */
export type HostEntry = z.output<(typeof ENTRIES)[Exclude<EntryKind, 'from' | 'links' | 'nat' | 'send'>]>

type Mode = Config['mode']

/** Entries, and words of a `do`, that make no sense for everybody. */
const ONLY: Readonly<Record<string, readonly Mode[]>> = {
  network: ['client'],
  reject: ['client', 'p2p'],
  next: ['client', 'p2p'],
  from: ['server', 'p2p'],
  die: ['server', 'p2p'],
  drain: ['server'],
  start: ['p2p'],
  links: ['p2p'],
  nat: ['p2p'],
  send: ['p2p'],
}

const OF_ONE_PEER: readonly string[] = ['bindError', 'self', 'die', 'do']

/** Why an entry has no place in a scenario of this mode; `undefined`: it has. */
export function misplaced(entry: TimelineEntry, mode: Mode): string | undefined {
  const words = [...Object.keys(entry), 'do' in entry ? entry.do : '']
  const stray = words.find((word) => ONLY[word]?.includes(mode) === false)
  if (stray !== undefined) return `"${stray}" is for ${ONLY[stray]?.map((mode) => NOUN[mode]).join(' and ')}`
  const says = 'peer' in entry && entry.peer !== undefined
  if (mode !== 'p2p') return says ? '"peer" is for peers' : undefined
  const kind = OF_ONE_PEER.find((kind) => kind in entry)
  return kind !== undefined && !says ? `"${kind}" needs a "peer", "a" or "b"` : undefined
}

const NOUN = { client: 'clients', server: 'servers', p2p: 'peers' } as const

/** What a virtual world is scripted of: its names, whom one can dial, the own addresses, and binds that fail. */
import { z } from 'zod'
import { hostProblem, parseAddress } from '../endpoint.ts'
import { choice, isObject, table } from './choice.ts'
import { bindProblem, targetProblem } from './place.ts'

/** Limits; more is an error. A name may answer with more addresses than the engine takes, so that this is tested. */
export const LIMITS = {
  names: 256,
  answersPerName: 64,
  addressesPerAnswer: 4096,
  networkEntries: 1024,
  self: 64,
  binds: 64,
  timeline: 1000,
  /** Inbound clients and datagrams, over the whole timeline. */
  visitors: 20_000,
  /** Bytes of a visitor's text; no datagram of a real network is much longer. */
  text: 1200,
  /** Answers to one datagram. */
  echoes: 16,
  /** Things that a peer says by script on one connection. */
  says: 64,
  /** Datagrams of a peer that are kept to be replayed. */
  sent: 1000,
  links: 64,
  /** Of losses. */
  pattern: 1024,
  /** Of a NAT. */
  mappings: 64,
} as const

/** The longest time that a timer can have. */
const MAX_MS = 2_147_483_647

export const Ms = z.int().min(0).max(MAX_MS)
export const Code = z.string().regex(/^[A-Z][A-Z0-9_]{1,31}$/, 'an error code is written as in ECONNREFUSED')

// --- names ---

const AddressRecord = z.strictObject({
  /** As the resolver returns it, be it an address or not. */
  address: z.string().max(256),
  /** The delay of the whole answer is the largest of these. */
  delayMs: Ms.default(0),
})
const Addresses = z.array(AddressRecord).max(LIMITS.addressesPerAnswer)
const Fails = z.strictObject({ fail: Code, afterMs: Ms.default(0) })
const Silent = z.strictObject({ silent: z.literal(true) })

const ANSWER = 'an answer is a list of addresses, { "fail": CODE } or { "silent": true }'

const Answer = choice((value) => {
  if (Array.isArray(value)) return Addresses
  if (!isObject(value)) return ANSWER
  if ('fail' in value) return Fails
  return 'silent' in value ? Silent : ANSWER
})
export type Answer = z.output<typeof Addresses> | z.output<typeof Fails> | z.output<typeof Silent>

const Answers = z.array(Answer).min(1).max(LIMITS.answersPerName)
const OneAnswer = Answer.transform((answer): Answer[] => [answer])

/** One answer for all queries, or a list of answers, one per query, of which the last repeats. */
const Name = choice((value) => {
  const list = Array.isArray(value) && value.some((item) => !isObject(item) || 'fail' in item || 'silent' in item)
  return list ? Answers : OneAnswer
})

export const Names = table(Name, LIMITS.names, (key) => hostProblem(key.startsWith('*.') ? key.slice(2) : key))
/** By name; `*.vpn.test` stands for whatever label comes before a name that has no entry of its own. */
export type Names = z.output<typeof Names>

// --- network ---

/** Bytes of a peer, in one piece. */
const Saying = z
  .strictObject({
    /** Waits for a piece of ours that has this in it; otherwise the next one will do. */
    to: z.string().min(1).max(LIMITS.text).optional(),
    text: z.string().max(LIMITS.text).optional(),
    hex: z
      .string()
      .regex(/^(?:[\da-f]{2}){0,1200}$/, 'bytes are written as pairs of hexadecimal digits, such as 05ff')
      .optional(),
    /** So long after it was asked. */
    afterMs: Ms.default(0),
    /** One byte every so many ms, instead of all at once. */
    dripMs: z.int().min(1).max(60_000).optional(),
    /** What follows the last byte. */
    ends: z.enum(['fin', 'reset']).optional(),
  })
  .check((context) => {
    const { text, hex } = context.value
    if (text === undefined || hex === undefined) return
    const message = 'bytes are written as "text" or as "hex", not both'
    context.issues.push({ code: 'custom', message, path: ['hex'], input: hex })
  })
export type Saying = z.output<typeof Saying>

const BehaviourFields = z
  .strictObject({
    /** RST after so many ms; on UDP an ICMP refusal, so long after our first datagram. */
    refuse: Ms.optional(),
    /** EHOSTUNREACH, likewise. */
    unreachable: Ms.optional(),
    /** This very error; the first `times` attempts only, if that is given, and what else is said holds from then on. */
    error: Code.optional(),
    afterMs: Ms.optional(),
    times: z.int().min(1).max(1000).optional(),
    /** The handshake takes so long. TCP only: a UDP socket is connected at once. */
    connect: Ms.optional(),
    /** What we send to be confirmed is answered so long after it was sent. */
    answer: Ms.optional(),
    /**
     * TCP: what it says by script on each connection, each once, to one piece of ours: the first that is left, and whose
     * `to` is in it. When nothing fits, `answer` holds.
     */
    says: z.array(Saying).min(1).max(LIMITS.says).readonly().optional(),
    /** Connects and never says a word. */
    mute: z.literal(true).optional(),
    /** The connection is reset so long after it was made; on UDP, a port that closes. */
    reset: Ms.optional(),
  })
  .check((context) => {
    const { refuse, unreachable, error, afterMs, times, connect, answer, says, mute, reset } = context.value
    const given = (...values: unknown[]) => values.filter((value) => value !== undefined).length
    const speaks = given(connect, answer, says, mute, reset) > 0 ? 1 : 0
    const ends = given(refuse, unreachable) + speaks
    const tell = (message: string) => context.issues.push({ code: 'custom', message, path: [], input: context.value })
    if (ends + given(error) === 0) tell('says nothing; "blackhole" is written out')
    if (ends > 1) tell('only one of "refuse", "unreachable" and "connect" (with "answer", "mute", "reset") can happen')
    if (error === undefined && given(afterMs, times) > 0) tell('"afterMs" and "times" belong to an "error"')
    if (error !== undefined && times === undefined && ends > 0)
      tell('an "error" without "times" leaves room for no more')
    if (times !== undefined && ends === 0) tell('"times" needs what happens afterwards, such as "connect"')
    if (given(answer, says) > 0 && mute) tell(`"${says ? 'says' : 'answer'}" and "mute" contradict each other`)
  })

const BEHAVIOUR = 'a behaviour is "blackhole" or an object, such as { "connect": 20 }'

const Blackhole = z.literal('blackhole').transform((): Behaviour => ({}))
/** What a peer does. Nothing at all, `{}`, is a blackhole. */
export type Behaviour = z.output<typeof BehaviourFields>

const TcpBehaviour = choice((value) => {
  if (value === 'blackhole') return Blackhole
  return isObject(value) ? BehaviourFields : BEHAVIOUR
})
const UdpBehaviour = choice((value) => {
  if (value === 'blackhole') return Blackhole
  if (isObject(value) && 'connect' in value) return '"connect" is for tcp: a UDP socket is connected at once'
  if (isObject(value) && 'says' in value) return '"says" is for tcp: a UDP peer has "answer"'
  return isObject(value) ? BehaviourFields : BEHAVIOUR
})

const Behaviours = z.strictObject({ tcp: TcpBehaviour.optional(), udp: UdpBehaviour.optional() })

export const Network = table(Behaviours, LIMITS.networkEntries, targetProblem)
/** By `ADDR` or `ADDR:PORT`; for each transport the more specific wins. What is not listed is a blackhole. */
export type Network = z.output<typeof Network>

// --- this host ---

export const Binds = table(Code.nullable(), LIMITS.binds, bindProblem)
/** Errors of binding, by `ADDR:PORT/tcp|udp`; `null` lifts one. */
export type Binds = z.output<typeof Binds>

const Own = z.string().refine((text) => parseAddress(text) !== undefined, 'an own address is a literal address')

export const Self = z.array(Own).max(LIMITS.self)

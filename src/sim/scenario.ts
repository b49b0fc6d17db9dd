/**
 * Scenario files: a configuration, a scripted world and what befalls it, as JSON that both twins run; and the result.
 * This file knows the form only. Times are ms since the start.
 *
 * `parseScenario` never throws: it gives a scenario with every default filled in, or everything that is wrong with the
 * file, each with its path.
 */
import { z } from 'zod'
import { parseConfig } from '../config/parse.ts'
import type { ClientConfig, ClientConfigInput, Config } from '../config/schema.ts'
import { examine, sentence } from '../config/validate.ts'
import { formatEndpoint, hostProblem, parseAddress } from '../endpoint.ts'

/** Limits; more is an error. A name may answer with more addresses than the engine takes, so that this is tested. */
export const LIMITS = {
  names: 256,
  answersPerName: 64,
  addressesPerAnswer: 4096,
  networkEntries: 1024,
  self: 64,
  binds: 64,
  timeline: 1000,
} as const

/** The longest time that a timer can have. */
const MAX_MS = 2_147_483_647

const Ms = z.int().min(0).max(MAX_MS)
const Code = z.string().regex(/^[A-Z][A-Z0-9_]{1,31}$/, 'an error code is written as in ECONNREFUSED')

/** A union whose branch is picked by looking at the value, so that its problems are told, and not everybody's. */
function choice<const Schema extends z.ZodType>(pick: (value: unknown) => Schema | string) {
  return z.unknown().transform((value, context) => {
    const schema = pick(value)
    if (typeof schema === 'string') {
      context.issues.push({ code: 'custom', message: schema, input: value })
      return z.NEVER
    }
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues)
      context.issues.push({ code: 'custom', message: sentence(issue), path: issue.path, input: value })
    return z.NEVER
  }) as unknown as z.ZodType<z.output<Schema>, z.input<Schema>>
}

/** A record with a limit, and keys that `problem` has nothing to say against. */
function table<Value extends z.ZodType>(value: Value, max: number, problem: (key: string) => string | undefined) {
  return z.record(z.string(), value).check((context) => {
    const keys = Object.keys(context.value)
    const tell = (message: string, path: string[]) =>
      context.issues.push({ code: 'custom', message, path, input: context.value })
    if (keys.length > max) tell(`at most ${max} entries`, [])
    for (const key of keys) {
      const message = problem(key)
      if (message !== undefined) tell(message, [key])
    }
  })
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

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

const Names = table(Name, LIMITS.names, (key) => hostProblem(key.startsWith('*.') ? key.slice(2) : key))
/** By name; `*.vpn.test` stands for whatever label comes before a name that has no entry of its own. */
export type Names = z.output<typeof Names>

// --- network ---

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
    /** Connects and never says a word. */
    mute: z.literal(true).optional(),
    /** The connection is reset so long after it was made; on UDP, a port that closes. */
    reset: Ms.optional(),
  })
  .check((context) => {
    const { refuse, unreachable, error, afterMs, times, connect, answer, mute, reset } = context.value
    const given = (...values: unknown[]) => values.filter((value) => value !== undefined).length
    const speaks = given(connect, answer, mute, reset) > 0 ? 1 : 0
    const ends = given(refuse, unreachable) + speaks
    const tell = (message: string) => context.issues.push({ code: 'custom', message, path: [], input: context.value })
    if (ends + given(error) === 0) tell('says nothing; "blackhole" is written out')
    if (ends > 1) tell('only one of "refuse", "unreachable" and "connect" (with "answer", "mute", "reset") can happen')
    if (error === undefined && given(afterMs, times) > 0) tell('"afterMs" and "times" belong to an "error"')
    if (error !== undefined && times === undefined && ends > 0)
      tell('an "error" without "times" leaves room for no more')
    if (times !== undefined && ends === 0) tell('"times" needs what happens afterwards, such as "connect"')
    if (answer !== undefined && mute) tell('"answer" and "mute" contradict each other')
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
  return isObject(value) ? BehaviourFields : BEHAVIOUR
})

const Behaviours = z.strictObject({ tcp: TcpBehaviour.optional(), udp: UdpBehaviour.optional() })

/** Reads `ADDR` or `ADDR:PORT` (`[v6]:PORT`) and gives it in one spelling; `undefined`: it is neither. */
export function canonicalTarget(text: string): string | undefined {
  return parseAddress(text)?.address ?? canonicalEndpoint(text, 1)
}

function canonicalEndpoint(text: string, lowestPort: 0 | 1): string | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(0|[1-9]\d{0,4})$/.exec(text) ?? []
  const host = parseAddress(bracketed ?? plain ?? '')
  const port = Number(digits)
  if (!host || (host.family === 'ipv6') !== (bracketed !== undefined)) return undefined
  return port < lowestPort || port > 65_535 ? undefined : formatEndpoint({ address: host.address, port })
}

const TARGET = 'this is neither an address nor ADDR:PORT ([v6]:PORT)'
const targetProblem = (key: string) => (canonicalTarget(key) === undefined ? TARGET : undefined)

const Network = table(Behaviours, LIMITS.networkEntries, targetProblem)
/** By `ADDR` or `ADDR:PORT`; for each transport the more specific wins. What is not listed is a blackhole. */
export type Network = z.output<typeof Network>

/** Reads `ADDR:PORT/tcp|udp` (port 0: any) and gives it in one spelling; `undefined`: it is none. */
export function canonicalBind(text: string): string | undefined {
  const [, endpoint = '', transport = ''] = /^(.+)\/(tcp|udp)$/.exec(text) ?? []
  const bound = canonicalEndpoint(endpoint, 0)
  return bound === undefined ? undefined : `${bound}/${transport}`
}

const bindProblem = (key: string) =>
  canonicalBind(key) === undefined ? 'a bound endpoint is written ADDR:PORT/tcp or ADDR:PORT/udp' : undefined

const Binds = table(Code.nullable(), LIMITS.binds, bindProblem)
/** Errors of binding, by `ADDR:PORT/tcp|udp`; `null` lifts one. */
export type Binds = z.output<typeof Binds>

const Own = z.string().refine((text) => parseAddress(text) !== undefined, 'an own address is a literal address')

// --- timeline ---

const NOT_BUILT = 'is for servers and peers, which are not built yet'

const Kill = z.strictObject({
  /** `ADDR` or `ADDR:PORT` of the peer whose connections end. */
  address: z.string().refine((text) => canonicalTarget(text) !== undefined, TARGET),
  /** `vanish`: it never says a word again, and nobody is told. */
  how: z.enum(['reset', 'fin', 'vanish']),
})

const ENTRIES = {
  network: z.strictObject({ atMs: Ms, network: Network }),
  names: z.strictObject({ atMs: Ms, names: Names }),
  kill: z.strictObject({ atMs: Ms, kill: Kill }),
  bindError: z.strictObject({ atMs: Ms, bindError: Binds }),
  do: z.strictObject({ atMs: Ms, do: z.enum(['stop', 'reject', 'next', 'network-changed']) }),
} as const
type EntryKind = keyof typeof ENTRIES

const Entry = choice<(typeof ENTRIES)[EntryKind]>((value) => {
  if (!isObject(value)) return 'an entry is an object, such as { "atMs": 5000, "do": "stop" }'
  if ('from' in value) return `"from" ${NOT_BUILT}`
  const kind = (Object.keys(ENTRIES) as EntryKind[]).find((kind) => kind in value)
  return kind ? ENTRIES[kind] : `an entry has one of ${Object.keys(ENTRIES).join(', ')}`
})
/** One thing that befalls the world. Those of one instant happen in the order of the file. */
export type TimelineEntry = z.output<(typeof ENTRIES)[EntryKind]>

// --- the whole ---

/** Compiles either form; what is wrong in a text is told with its line. Warnings are `check`'s business. */
const Configuration = z.unknown().transform((value, context): ClientConfig => {
  const tell = (message: string, path: readonly PropertyKey[]) =>
    context.issues.push({ code: 'custom', message, path: [...path], input: value })
  const { config, problems } = typeof value === 'string' ? compileText(value) : compileObject(value)
  for (const { message, path } of problems) tell(message, path)
  return config?.mode === 'client' ? config : z.NEVER
}) as unknown as z.ZodType<ClientConfig, string | ClientConfigInput>

interface Compiled {
  readonly config?: Config | undefined
  readonly problems: readonly { readonly message: string; readonly path: readonly PropertyKey[] }[]
}

function compileText(text: string): Compiled {
  const { config, issues } = parseConfig({ file: 'config', text })
  const errors = issues.filter(({ severity }) => severity === 'error')
  return {
    config,
    problems: errors.map(({ line, column, message }) => ({ path: [], message: at(line, column, message) })),
  }
}

const at = (line: number, column: number, message: string) =>
  line === 0 ? message : `line ${line}, column ${column}: ${message}`

function compileObject(value: unknown): Compiled {
  const { config, findings } = examine(value)
  return { config, problems: findings.filter(({ severity }) => severity === 'error') }
}

export const ScenarioSchema = z.strictObject({
  /** The text of a configuration, or the same as an object. */
  config: Configuration,
  seed: z.int().min(0).max(0xffff_ffff).default(1),
  names: Names.default({}),
  network: Network.default({}),
  /** Own addresses; the first of a family is where sockets send from. A family without one has no route. */
  self: z.array(Own).max(LIMITS.self).default(['198.51.100.254', '2001:db8::fe']),
  binds: Binds.default({}),
  timeline: z.array(Entry).max(LIMITS.timeline).default([]),
  /** When to look at the outcome; what happens in that instant still counts. */
  untilMs: Ms.default(60_000),
  peers: choice<z.ZodNever>(() => `"peers" ${NOT_BUILT}`).optional(),
})

/** What a file says, and a program may. */
export type ScenarioInput = z.input<typeof ScenarioSchema>
export type Scenario = z.output<typeof ScenarioSchema>

export interface Problem {
  /** Such as `timeline[2].kill.how`; empty for the whole file. */
  readonly path: string
  readonly message: string
}

/** Everything that is wrong, or the scenario. Never throws. */
export function parseScenario(
  value: unknown,
): { readonly scenario: Scenario } | { readonly problems: readonly Problem[] } {
  const parsed = ScenarioSchema.safeParse(value)
  if (parsed.success) return { scenario: parsed.data }
  return { problems: parsed.error.issues.map((issue) => ({ path: formatPath(issue.path), message: sentence(issue) })) }
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((whole, key) => {
    if (typeof key === 'number') return `${whole}[${key}]`
    const word = String(key)
    if (!/^[A-Za-z]\w*$/.test(word)) return `${whole}[${JSON.stringify(word)}]`
    return whole === '' ? word : `${whole}.${word}`
  }, '')
}

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
import type { ServerConfig, ServerConfigInput } from '../config/server-schema.ts'
import { examine, sentence } from '../config/validate.ts'
import { type Endpoint, formatEndpoint, hostProblem, parseAddress } from '../endpoint.ts'

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
  return canonicalEndpoint(text, 1) ?? parseAddress(text)?.address
}

function canonicalEndpoint(text: string, lowestPort: 0 | 1): string | undefined {
  const endpoint = parseEndpoint(text)
  return endpoint && endpoint.port >= lowestPort ? formatEndpoint(endpoint) : undefined
}

function parseEndpoint(text: string): Endpoint | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(0|[1-9]\d{0,4})$/.exec(text) ?? []
  const host = parseAddress(bracketed ?? plain ?? '')
  const port = Number(digits)
  if (!host || (host.family === 'ipv6') !== (bracketed !== undefined) || port > 65_535) return undefined
  return { ...host, port }
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

const Kill = z.strictObject({
  /** `ADDR` or `ADDR:PORT` of the peer whose connections end: those to it, and those that it made. */
  address: z.string().refine((text) => canonicalTarget(text) !== undefined, TARGET),
  /** `vanish`: it never says a word again, and nobody is told. */
  how: z.enum(['reset', 'fin', 'vanish']),
})

const Place = z.string().transform((text, context): Endpoint => {
  const endpoint = parseEndpoint(text)
  if (endpoint && endpoint.port > 0) return endpoint
  context.issues.push({ code: 'custom', message: 'this is no ADDR:PORT ([v6]:PORT)', input: text })
  return z.NEVER
})

const From = z
  .strictObject({
    source: Place,
    /** An address of this host: whoever listens there, or on the wildcard of its family, gets it. */
    to: Place,
    transport: z.enum(['tcp', 'udp']),
    /** What it says. TCP: nothing, by default; UDP: an empty datagram. */
    send: z.string().max(LIMITS.text).optional(),
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
    const { source, to, transport, send, sendAfterMs, closeAfterMs, count } = context.value
    const tell = (message: string) => context.issues.push({ code: 'custom', message, path: [], input: context.value })
    if (source.family !== to.family) tell('"source" and "to" are of one family')
    if (source.port + count - 1 > 65_535) tell('there are not so many source ports')
    if (transport === 'udp' && (sendAfterMs ?? closeAfterMs) !== undefined)
      tell('"sendAfterMs" and "closeAfterMs" are for tcp: a datagram comes and goes')
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

const Do = z
  .strictObject({
    atMs: Ms,
    do: z.enum(['stop', 'reject', 'next', 'network-changed', 'drain']),
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

const Self = z.array(Own).max(LIMITS.self)

const ENTRIES = {
  network: z.strictObject({ atMs: Ms, network: Network }),
  names: z.strictObject({ atMs: Ms, names: Names }),
  kill: z.strictObject({ atMs: Ms, kill: Kill }),
  bindError: z.strictObject({ atMs: Ms, bindError: Binds }),
  self: z.strictObject({ atMs: Ms, self: Self }),
  from: z.strictObject({ atMs: Ms, from: From }),
  die: z.strictObject({ atMs: Ms, die: Die }),
  do: Do,
} as const
type EntryKind = keyof typeof ENTRIES

const Entry = choice<(typeof ENTRIES)[EntryKind]>((value) => {
  if (!isObject(value)) return 'an entry is an object, such as { "atMs": 5000, "do": "stop" }'
  const kind = (Object.keys(ENTRIES) as EntryKind[]).find((kind) => kind in value)
  return kind ? ENTRIES[kind] : `an entry has one of ${Object.keys(ENTRIES).join(', ')}`
})
/** One thing that befalls the world. Those of one instant happen in the order of the file. */
export type TimelineEntry = z.output<(typeof ENTRIES)[EntryKind]>

/** Entries, and words of a `do`, that make sense for the one or the other only. */
const ONLY = {
  client: ['network', 'reject', 'next'],
  server: ['from', 'die', 'drain'],
} as const

/** Why an entry has no place in a scenario of this mode; `undefined`: it has. */
function misplaced(entry: TimelineEntry, mode: Config['mode']): string | undefined {
  const other = mode === 'client' ? 'server' : 'client'
  const word = ONLY[other].find((word) => word in entry || ('do' in entry && entry.do === word))
  return word && `"${word}" is for ${other}s`
}

// --- the whole ---

/** Compiles either form; what is wrong in a text is told with its line. Warnings are `check`'s business. */
const Configuration = z.unknown().transform((value, context): Config => {
  const tell = (message: string, path: readonly PropertyKey[]) =>
    context.issues.push({ code: 'custom', message, path: [...path], input: value })
  const { config, problems } = typeof value === 'string' ? compileText(value) : compileObject(value)
  for (const { message, path } of problems) tell(message, path)
  if (config?.mode === 'p2p') tell("a peer's configuration cannot be simulated yet", [])
  return config ?? z.NEVER
}) as unknown as z.ZodType<Config, string | ClientConfigInput | ServerConfigInput>

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

export const ScenarioSchema = z
  .strictObject({
    /** The text of a configuration, or the same as an object. */
    config: Configuration,
    seed: z.int().min(0).max(0xffff_ffff).default(1),
    names: Names.default({}),
    network: Network.default({}),
    /** Own addresses; the first of a family is where sockets send from. A family without one has no route. */
    self: Self.default(['198.51.100.254', '2001:db8::fe']),
    binds: Binds.default({}),
    /** What the program does that uses a server; every client is taken, whatever it does. */
    server: z
      .strictObject({
        /** Each datagram is answered with the same bytes, so many times. */
        echo: z.union([z.boolean(), z.int().min(1).max(LIMITS.echoes)]).default(false),
      })
      .optional(),
    timeline: z.array(Entry).max(LIMITS.timeline).default([]),
    /** When to look at the outcome; what happens in that instant still counts. */
    untilMs: Ms.default(60_000),
    peers: choice<z.ZodNever>(() => '"peers" is for p2p, which is not built yet').optional(),
  })
  .check((context) => {
    const { config, server, timeline } = context.value
    const tell = (message: string, ...path: readonly PropertyKey[]) =>
      context.issues.push({ code: 'custom', message, path: [...path], input: context.value })
    if (server && config.mode === 'client') tell('"server" is for servers', 'server')
    for (const [i, entry] of timeline.entries()) {
      const message = misplaced(entry, config.mode)
      if (message !== undefined) tell(message, 'timeline', i)
    }
    const visitors = timeline.reduce((sum, entry) => sum + ('from' in entry ? entry.from.count : 0), 0)
    if (visitors > LIMITS.visitors) tell(`at most ${LIMITS.visitors} clients and datagrams in all`, 'timeline')
  })

/** What a file says, and a program may. */
export type ScenarioInput = z.input<typeof ScenarioSchema>
export type Scenario = ClientScenario | ServerScenario
type Written = z.output<typeof ScenarioSchema>
export interface ClientScenario extends Written {
  readonly config: ClientConfig
}
export interface ServerScenario extends Written {
  readonly config: ServerConfig
}

export const isClients = (scenario: Written): scenario is ClientScenario => scenario.config.mode === 'client'

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
  if (parsed.success) return { scenario: parsed.data as Scenario }
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

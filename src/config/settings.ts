/**
 * From one scope to its settings: every value read, each with its place, nothing inherited yet. A value that cannot be
 * read is an issue and then absent.
 */
import { type Family, type Transport, hostProblem, parseAddress, unmap } from '../endpoint.ts'
import { alternatives } from './alternatives.ts'
import type { IssueList, Place, Problem, Reading } from './issue.ts'
import { nearest } from './nearest.ts'
import { type Proto, readProto } from './proto.ts'
import { readCount, readPort, readSeconds } from './quantities.ts'
import { type CandidateOrder, type ClientConfig, type Confirmation, ReplyText } from './schema.ts'
import type { Scope } from './scopes.ts'
import type { Entry, Value } from './source.ts'

/** A value and where it was written. */
export interface At<T> {
  readonly value: T
  readonly at: Place
}

type Maybe<T> = At<T> | undefined

export interface RemoteLine {
  readonly at: Place
  readonly host: Maybe<string>
  readonly port: Maybe<number>
  readonly proto: Maybe<Proto>
}

/** The key that wraps OpenVPN's first packet; its bytes are read later, when they are needed. */
interface KeyLine {
  readonly kind: 'tls-auth' | 'tls-crypt' | 'tls-crypt-v2'
  readonly entry: Entry
  readonly direction: Maybe<0 | 1>
}

export interface Settings {
  readonly at: Place | undefined
  readonly remotes: readonly RemoteLine[]
  readonly transport: Maybe<Transport>
  readonly family: Maybe<Family>
  readonly port: Maybe<number>
  readonly rport: Maybe<number>
  readonly lport: Maybe<number>
  readonly local: Maybe<string | undefined>
  readonly localPort: Maybe<number>
  /** R7. `undefined`: the scope does not say. */
  readonly binds: Maybe<boolean>
  readonly connectTimeout: Maybe<number>
  readonly confirm: Maybe<Exclude<Confirmation, { kind: 'openvpn' }> | { readonly kind: 'openvpn' }>
  readonly key: KeyLine | undefined
  readonly keyDirection: Maybe<0 | 1>
  readonly auth: Maybe<string>
  readonly protoForce: Maybe<Transport>
  readonly remoteRandom: boolean
  readonly remoteRandomHostname: boolean
  readonly resolveTimeout: Maybe<number>
  readonly resolvRetry: Maybe<ClientConfig['resolvRetry']>
  readonly connectRetry: Maybe<ClientConfig['connectRetry']>
  readonly connectRetryMax: Maybe<number>
  readonly policy: Maybe<ClientConfig['pacing']['policy']>
  readonly attemptDelay: Maybe<number>
  readonly maxInFlight: Maybe<number>
  readonly candidateOrder: Maybe<CandidateOrder>
}

export interface SettingsOptions {
  /** Old spellings are errors. */
  readonly strict: boolean
}

export function settingsOf(scope: Scope, options: SettingsOptions, issues: IssueList): Settings {
  return new Reader(scope, options, issues).settings()
}

class Reader {
  readonly #scope: Scope
  readonly #options: SettingsOptions
  readonly #issues: IssueList

  constructor(scope: Scope, options: SettingsOptions, issues: IssueList) {
    this.#scope = scope
    this.#options = options
    this.#issues = issues
  }

  settings(): Settings {
    const proto = this.#first('proto', readProto)
    if (proto) this.#judgeProto(proto, HOW_ON_LINES)
    this.#judgeOdds()
    return {
      at: this.#scope.at,
      remotes: this.#scope.remotes.map((entry) => this.#remote(entry)),
      transport: proto && { value: proto.value.transport, at: proto.at },
      family: this.#family(proto),
      port: this.#first('port', (text) => readPort(text, 1)),
      rport: this.#first('rport', (text) => readPort(text, 1)),
      lport: this.#first('lport', (text) => readPort(text, 0)),
      ...this.#local(),
      connectTimeout: this.#first('connect-timeout', (text) => readSeconds(text, 1)),
      confirm: this.#confirm(),
      key: this.#key(),
      keyDirection: this.#first('key-direction', readDirection),
      auth: this.#first('auth', (text) => ({ value: text })),
      protoForce: this.#first('proto-force', readTransport),
      remoteRandom: this.#has('remote-random'),
      remoteRandomHostname: this.#has('remote-random-hostname'),
      resolveTimeout: this.#first('resolve-timeout', (text) => readSeconds(text, 1)),
      resolvRetry: this.#first('resolv-retry', readResolvRetry),
      connectRetry: this.#connectRetry(),
      connectRetryMax: this.#first('connect-retry-max', (text) => readCount(text, 0, Number.MAX_SAFE_INTEGER)),
      policy: this.#first('pacing', readPolicy),
      attemptDelay: this.#first('attempt-delay', (text) => readCount(text, 10, 2_147_483_647)),
      maxInFlight: this.#first('max-in-flight', (text) => readCount(text, 1, 100)),
      candidateOrder: this.#candidateOrder(),
    }
  }

  #remote(entry: Entry): RemoteLine {
    const [host, port, word] = entry.values
    const proto = this.#read(word, readProto)
    if (proto) this.#judgeProto(proto, HOW_IN_A_BLOCK)
    return { at: entry.at, host: this.#remoteHost(host), port: this.#read(port, (text) => readPort(text, 1)), proto }
  }

  #remoteHost(written: Value | undefined): Maybe<string> {
    const host = this.#read(written, readHost)
    const address = host && parseAddress(host.value)
    const inside = address && unmap(address)
    if (!host || !inside) return host
    this.#report('note', host.at, { code: 'R1', message: `${host.value} is the IPv4 address ${inside.address}` })
    return { ...host, value: inside.address }
  }

  #local(): Pick<Settings, 'local' | 'localPort' | 'binds'> {
    const { entries } = this.#scope
    const [host, port, proto] = entries.get('local')?.values ?? []
    if (proto) {
      const hint = 'a client binds for the protocol of each remote; leave it away'
      this.#report('error', proto.at, { code: 'R8', message: '"local" with a protocol is for servers', hint })
    }
    this.#read(entries.get('bind')?.values[0], readBindWord)
    return {
      local: host?.text === '*' ? { value: undefined, at: host.at } : this.#read(host, readLocalHost),
      localPort: this.#read(port, (text) => readPort(text, 0)),
      binds: this.#binds(),
    }
  }

  #binds(): Maybe<boolean> {
    const { entries } = this.#scope
    const bind = entries.get('bind') ?? entries.get('local') ?? entries.get('lport')
    const nobind = entries.get('nobind')
    if (bind && nobind) {
      const message = `"${bind.name}" and "nobind" contradict each other`
      this.#report('error', nobind.at, { code: 'R7', message, hint: `remove one of them; "${bind.name}" binds` })
    }
    if (bind) return { value: true, at: bind.at }
    return nobind && { value: false, at: nobind.at }
  }

  #family(proto: Maybe<Proto>): Maybe<Family> {
    const words = (['ipv4', 'ipv6'] as const).flatMap((family) => {
      const entry = this.#scope.entries.get(family)
      return entry ? [{ value: family, at: entry.at }] : []
    })
    const suffix = proto?.value.family && { value: proto.value.family, at: proto.at }
    const [first, other] = [...words, ...(suffix ? [suffix] : [])].filter(differsFromFirst)
    if (first && other) {
      const message = `${first.value} and ${other.value} are both forced here`
      const hint = `keep one of them; with neither, both families are used`
      this.#report('error', later(first.at, other.at), { code: 'R1', message, hint })
    }
    return first
  }

  #judgeProto({ value, at }: At<Proto>, how: (proto: Proto) => string): void {
    if (value.role === 'server') {
      const message = `"${value.word}" listens, and servers and peers are not built yet in this version`
      this.#report('error', at, { code: 'mode', message, hint: `for a client write ${value.transport}` })
    } else if (value.newSpelling !== undefined) {
      const message = `"${value.word}" is an old spelling of a protocol and a family`
      this.#report(this.#options.strict ? 'error' : 'warning', at, { code: 'R1', message, hint: how(value) })
    }
  }

  #confirm(): Settings['confirm'] {
    const [kind, text] = this.#scope.entries.get('confirm')?.values ?? []
    const read = this.#read(kind, readConfirmKind)
    if (!kind || !read) return undefined
    if (read.value !== 'reply') {
      if (text) this.#report('error', text.at, { code: 'value', message: `"confirm ${read.value}" takes no text` })
      return { value: { kind: read.value }, at: read.at }
    }
    if (!text) {
      const hint = 'confirm reply "hello"'
      this.#report('error', kind.at, { code: 'value', message: '"confirm reply" needs the text to send', hint })
    }
    const value = this.#read(text, readReply)
    return value && { value: { kind: 'reply', text: value.value }, at: read.at }
  }

  #key(): KeyLine | undefined {
    const lines = KEY_KINDS.flatMap((kind) => {
      const entry = this.#scope.entries.get(kind)
      return entry ? [{ kind, entry, direction: this.#read(entry.values[1], readDirection) }] : []
    })
    const [first, second] = lines
    if (first && second) {
      const message = `"${first.kind}" and "${second.kind}" exclude each other`
      this.#report('error', second.entry.at, { code: 'key', message, hint: 'keep the one that the server has' })
    }
    return first
  }

  #connectRetry(): Settings['connectRetry'] {
    const entry = this.#scope.entries.get('connect-retry')
    const [first, second] = entry?.values ?? []
    const min = this.#read(first, (text) => readSeconds(text, 1000))
    const max = this.#read(second, (text) => readSeconds(text, 1000))
    if (!min) return undefined
    const value = { min: min.value, max: max?.value ?? 300_000 }
    if (value.max < value.min) {
      const message = `the longest pause, ${value.max / 1000} s, is shorter than the first, and is used for all`
      this.#report('warning', max?.at ?? min.at, { code: 'value', message })
    }
    return { value, at: min.at }
  }

  #candidateOrder(): Settings['candidateOrder'] {
    const [word, number] = this.#scope.entries.get('candidate-order')?.values ?? []
    const kind = this.#read(word, readOrder)
    const count = this.#read(number, (text) => readCount(text, 1, 25))
    if (kind && number && kind.value !== 'interleave') {
      this.#report('error', number.at, { code: 'value', message: `"candidate-order ${kind.value}" takes no number` })
    }
    return kind && { value: { kind: kind.value, count: count?.value ?? 1 }, at: kind.at }
  }

  // What is understood, and has no effect where it stands.
  #judgeOdds(): void {
    const { entries, at: block } = this.#scope
    const float = entries.get('float')
    if (float) {
      const message = '"float" has no effect: a client listens to the address that it tried, and to no other'
      this.#report('warning', float.at, { code: 'R5', message })
    }
    for (const name of block ? ['connect-retry', 'connect-retry-max'] : []) {
      const entry = entries.get(name)
      if (!entry) continue
      const message = `"${name}" has no effect in a block: pauses stand between rounds over all remotes`
      this.#report('warning', entry.at, { code: 'scope', message, hint: 'write it outside of the block' })
    }
  }

  #has(name: string): boolean {
    return this.#scope.entries.has(name)
  }

  #first<T>(name: string, read: (text: string) => Reading<T>): Maybe<T> {
    return this.#read(this.#scope.entries.get(name)?.values[0], read)
  }

  #read<T>(written: Value | undefined, read: (text: string) => Reading<T>): Maybe<T> {
    if (!written) return undefined
    const reading = read(written.text)
    if (reading.message === undefined) return { value: reading.value, at: written.at }
    this.#report('error', written.at, { ...reading, code: reading.code ?? 'value' })
    return undefined
  }

  #report(severity: Problem['severity'], at: Place, problem: Omit<Problem, 'severity'>): void {
    this.#issues.report(at, { severity, ...problem })
  }
}

const KEY_KINDS = ['tls-auth', 'tls-crypt', 'tls-crypt-v2'] as const

const HOW_ON_LINES = ({ newSpelling, family }: Proto) =>
  `write "proto ${newSpelling}" and, on a line of its own, "${family}"`
const HOW_IN_A_BLOCK = ({ newSpelling, family }: Proto) =>
  `write "${newSpelling}", and "${family}" on a line of its own: for this remote alone, both in a <connection> block`

const differsFromFirst = ({ value }: At<Family>, index: number, all: readonly At<Family>[]) =>
  index === 0 || value !== all[0]?.value

const later = (a: Place, b: Place): Place => (b.line > a.line || (b.line === a.line && b.column > a.column) ? b : a)

function readHost(written: string): Reading<string> {
  const host = /^\[[^[\]]*\]$/.test(written) ? written.slice(1, -1) : written
  const isBracketed = host !== written
  const problem = isBracketed && !host.includes(':') ? 'only an IPv6 address stands in brackets' : hostProblem(host)
  if (problem === undefined) return { value: host }
  return { message: problem, hint: isBracketed && !host.includes(':') ? `write ${host}` : hostHint(written) }
}

function hostHint(written: string): string | undefined {
  const [, scheme, host, port] = /^([a-z]+:\/\/)?([\w.-]+|\[[\da-fA-F:.]+\])(?::(\d+))?\/?$/.exec(written) ?? []
  if (host === undefined || (scheme === undefined && port === undefined)) return undefined
  return `write the host alone${port === undefined ? '' : ', and the port as a word of its own'}: remote ${host} ${port ?? ''}`.trimEnd()
}

function readLocalHost(written: string): Reading<string> {
  const host = readHost(written)
  const address = host.message === undefined ? parseAddress(host.value) : undefined
  const inside = address && unmap(address)
  if (!inside) return host
  const hint = `the IPv4 address in it is ${inside.address}`
  return { code: 'R1', message: 'a mapped address cannot be bound', hint }
}

const readBindWord = (text: string): Reading<'ipv6only'> => oneOf(['ipv6only'], text)
const readConfirmKind = (text: string): Reading<'none' | 'openvpn' | 'reply'> =>
  text === 'peer'
    ? { message: '"confirm peer" is for peers, which are not built yet in this version' }
    : oneOf(['none', 'openvpn', 'reply'], text)
const readPolicy = (text: string): Reading<ClientConfig['pacing']['policy']> =>
  ['idle', 'fixed', 'lanes', 'abort'].includes(text)
    ? { message: `the pacing policy "${text}" is not built yet in this version`, hint: 'use sequential or newest' }
    : oneOf(['sequential', 'newest'], text)
const readOrder = (text: string): Reading<CandidateOrder['kind']> =>
  oneOf(['as-returned', 'interleave', 'first-other', 'ipv6-first', 'ipv4-first'], text)
const readResolvRetry = (text: string): Reading<ClientConfig['resolvRetry']> =>
  text === 'infinite' ? { value: text } : withHint(readSeconds(text, 0), 'or "infinite"')

function readDirection(text: string): Reading<0 | 1> {
  if (text === '0' || text === '1') return { value: text === '0' ? 0 : 1 }
  return { message: `a key direction is 0 or 1, not "${text}"`, hint: 'clients mostly have 1' }
}

function readTransport(text: string): Reading<Transport> {
  const proto = readProto(text)
  if (proto.message !== undefined) return proto
  const { transport, family, role } = proto.value
  if (family === undefined && role !== 'server') return { value: transport }
  return { message: `"${text}" forces no protocol alone`, hint: `write ${transport}` }
}

function readReply(text: string): Reading<string> {
  const reply = ReplyText.safeParse(text)
  if (reply.success) return { value: text }
  return { message: 'the text of "confirm reply" has 1 to 400 characters, none of them a control character' }
}

function oneOf<const Word extends string>(words: readonly Word[], text: string): Reading<Word> {
  const word = words.find((candidate) => candidate === text)
  if (word !== undefined) return { value: word }
  const near = nearest(text, words)
  const hint = near === undefined ? undefined : `did you mean "${near}"?`
  return { message: `expected ${alternatives(words)}, not "${text}"`, hint }
}

function withHint<T>(reading: Reading<T>, hint: string): Reading<T> {
  return reading.message === undefined ? reading : { message: reading.message, hint: reading.hint ?? hint }
}

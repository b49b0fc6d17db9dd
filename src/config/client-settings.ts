/**
 * From one scope of a client to its settings: every value read, each with its place, nothing inherited yet. A value that
 * cannot be read is an issue and then absent. What peers read in another way is in `peer-settings.ts`.
 */
import { type Family, type Transport, parseAddress, unmap } from '../endpoint.ts'
import { forcedFamily } from './forced-family.ts'
import type { IssueList, Place, Reading } from './issue.ts'
import { oneOf } from './one-of.ts'
import { type Proto, readProto } from './proto.ts'
import { readCount, readPort, readSeconds } from './quantities.ts'
import { type At, type Maybe, Reader, type SettingsOptions } from './reader.ts'
import { type CandidateOrder, type ClientConfig, type Confirmation, ReplyText } from './schema.ts'
import type { Scope } from './scopes.ts'
import type { Entry, Value } from './source.ts'
import { readHost, readLocalHost } from './written-host.ts'

export interface RemoteLine {
  readonly at: Place
  readonly host: Maybe<string>
  readonly port: Maybe<number>
  readonly proto: Maybe<Proto>
  /** What the word of its protocol forces. */
  readonly family: Maybe<Family>
}

/** The key that wraps OpenVPN's first packet; its bytes are read later, when they are needed. */
interface KeyLine {
  readonly kind: 'tls-auth' | 'tls-crypt' | 'tls-crypt-v2'
  readonly entry: Entry
  readonly direction: Maybe<0 | 1>
}

export interface ClientSettings {
  readonly at: Place | undefined
  readonly remotes: readonly RemoteLine[]
  readonly proto: Maybe<Proto>
  readonly family: Maybe<Family>
  readonly port: Maybe<number>
  readonly rport: Maybe<number>
  readonly lport: Maybe<number>
  readonly local: Maybe<string | undefined>
  readonly localPort: Maybe<number>
  /** R7. `undefined`: the scope does not say. */
  readonly binds: Maybe<boolean>
  /** `bind ipv6only`. */
  readonly ipv6only: Maybe<'ipv6'>
  readonly connectTimeout: Maybe<number>
  readonly confirm: Maybe<Exclude<Confirmation, { kind: 'openvpn' }> | { readonly kind: 'openvpn' }>
  readonly key: KeyLine | undefined
  readonly keyDirection: Maybe<0 | 1>
  readonly auth: Maybe<string>
  readonly protoForce: Maybe<Transport>
  readonly remoteRandom: boolean
  readonly remoteRandomHostname: Place | undefined
  readonly resolveTimeout: Maybe<number>
  readonly resolvRetry: Maybe<ClientConfig['resolvRetry']>
  readonly connectRetry: Maybe<ClientConfig['connectRetry']>
  readonly connectRetryMax: Maybe<number>
  readonly policy: Maybe<ClientConfig['pacing']['policy']>
  readonly attemptDelay: Maybe<number>
  readonly maxInFlight: Maybe<number>
  readonly candidateOrder: Maybe<CandidateOrder>
}

export function clientSettings(scope: Scope, options: SettingsOptions, issues: IssueList): ClientSettings {
  return new ClientReader(scope, options, issues).settings()
}

export class ClientReader extends Reader {
  settings(): ClientSettings {
    const proto = this.first('proto', readProto)
    if (proto) this.judgeProto(proto, HOW_ON_LINES)
    this.#judgePauses()
    this.judgeFloat()
    return {
      at: this.scope.at,
      remotes: this.scope.remotes.map((entry) => this.#remote(entry)),
      proto,
      family: forcedFamily(this, this.#suffixOf(proto)),
      port: this.first('port', (text) => readPort(text, 1)),
      rport: this.first('rport', (text) => readPort(text, 1)),
      lport: this.first('lport', (text) => readPort(text, 0)),
      ...this.#local(),
      ipv6only: this.first('bind', readBindWord),
      connectTimeout: this.first('connect-timeout', (text) => readSeconds(text, 1)),
      confirm: this.#confirm(),
      key: this.#key(),
      keyDirection: this.first('key-direction', readDirection),
      auth: this.first('auth', (text) => ({ value: text })),
      protoForce: this.first('proto-force', readTransport),
      remoteRandom: this.has('remote-random'),
      remoteRandomHostname: this.entry('remote-random-hostname')?.at,
      resolveTimeout: this.first('resolve-timeout', (text) => readSeconds(text, 1)),
      resolvRetry: this.first('resolv-retry', readResolvRetry),
      connectRetry: this.#connectRetry(),
      connectRetryMax: this.first('connect-retry-max', (text) => readCount(text, 0, Number.MAX_SAFE_INTEGER)),
      policy: this.first('pacing', readPolicy),
      attemptDelay: this.first('attempt-delay', (text) => readCount(text, 10, 2_147_483_647)),
      maxInFlight: this.first('max-in-flight', (text) => readCount(text, 1, 100)),
      candidateOrder: this.#candidateOrder(),
    }
  }

  #remote(entry: Entry): RemoteLine {
    const [host, port, word] = entry.values
    const proto = this.read(word, readProto)
    if (proto) this.judgeProto(proto, HOW_IN_A_BLOCK)
    return {
      at: entry.at,
      host: this.#remoteHost(host),
      port: this.read(port, (text) => readPort(text, 1)),
      proto,
      family: this.#suffixOf(proto),
    }
  }

  #suffixOf(proto: Maybe<Proto>): Maybe<Family> {
    const family = proto && this.forcedBy(proto.value)
    return family && { value: family, at: proto.at }
  }

  protected forcedBy({ family }: Proto): Family | undefined {
    return family
  }

  #remoteHost(written: Value | undefined): Maybe<string> {
    const host = this.read(written, readHost)
    const address = host && parseAddress(host.value)
    const inside = address && unmap(address)
    if (!host || !inside) return host
    this.report('note', host.at, { code: 'R1', message: `${host.value} is the IPv4 address ${inside.address}` })
    return { ...host, value: inside.address }
  }

  #local(): Pick<ClientSettings, 'local' | 'localPort' | 'binds'> {
    const [host, port, proto] = this.values('local')
    if (proto) {
      const hint = 'what is bound has the protocol of the remote; leave it away'
      this.report('error', proto.at, { code: 'R8', message: '"local" with a protocol is for servers', hint })
    }
    return {
      local: this.read(host, readLocalHost),
      localPort: this.read(port, (text) => readPort(text, 0)),
      binds: this.#binds(),
    }
  }

  #binds(): Maybe<boolean> {
    const bind = this.entry('bind') ?? this.entry('local') ?? this.entry('lport')
    const nobind = this.entry('nobind')
    if (bind && nobind) {
      const message = `"${bind.name}" and "nobind" contradict each other`
      this.report('error', nobind.at, { code: 'R7', message, hint: `remove one of them; "${bind.name}" binds` })
    }
    if (bind) return { value: true, at: bind.at }
    return nobind && { value: false, at: nobind.at }
  }

  protected judgeProto(proto: At<Proto>, how: How): void {
    const { value, at } = proto
    if (value.role !== 'server') return this.judgeSpelling(proto, how)
    const message = `"${value.word}" listens, and this is no server's configuration`
    this.report('error', at, { code: 'mode', message, hint: `for a client write ${value.transport}` })
  }

  protected judgeSpelling({ value, at }: At<Proto>, how: How): void {
    if (value.newSpelling === undefined) return
    const forced = this.forcedBy(value)
    const old = `"${value.word}" is an old spelling`
    const message = forced ? `${old} of a protocol and a family` : `${old}, which forces no family here`
    this.report(this.strict ? 'error' : 'warning', at, { code: 'R1', message, hint: how(value, forced) })
  }

  #confirm(): ClientSettings['confirm'] {
    const [kind, text] = this.values('confirm')
    const read = this.read(kind, (word) => this.confirmKind(word))
    if (!kind || !read) return undefined
    if (read.value !== 'reply') {
      if (text) this.report('error', text.at, { code: 'value', message: `"confirm ${read.value}" takes no text` })
      return { value: { kind: read.value }, at: read.at }
    }
    if (!text) {
      const hint = 'confirm reply "hello"'
      this.report('error', kind.at, { code: 'value', message: '"confirm reply" needs the text to send', hint })
    }
    const value = this.read(text, readReply)
    return value && { value: { kind: 'reply', text: value.value }, at: read.at }
  }

  protected confirmKind(text: string): Reading<Confirmation['kind']> {
    if (text !== 'peer') return oneOf(['none', 'openvpn', 'reply'], text)
    const hint = 'write none, openvpn or reply TEXT'
    return { code: 'R5', message: '"confirm peer" is for peers, and this is the configuration of a client', hint }
  }

  #key(): KeyLine | undefined {
    const lines = KEY_KINDS.flatMap((kind) => {
      const entry = this.entry(kind)
      return entry ? [{ kind, entry, direction: this.read(entry.values[1], readDirection) }] : []
    })
    const [first, second] = lines
    if (first && second) {
      const message = `"${first.kind}" and "${second.kind}" exclude each other`
      this.report('error', second.entry.at, { code: 'key', message, hint: 'keep the one that the server has' })
    }
    return first
  }

  #connectRetry(): ClientSettings['connectRetry'] {
    const [first, second] = this.values('connect-retry')
    const min = this.read(first, (text) => readSeconds(text, 1000))
    const max = this.read(second, (text) => readSeconds(text, 1000))
    if (!min) return undefined
    const value = { min: min.value, max: max?.value ?? 300_000 }
    if (value.max < value.min) {
      const message = `the longest pause, ${value.max / 1000} s, is shorter than the first, and is used for all`
      this.report('warning', max?.at ?? min.at, { code: 'value', message })
    }
    return { value, at: min.at }
  }

  #candidateOrder(): ClientSettings['candidateOrder'] {
    const [word, number] = this.values('candidate-order')
    const kind = this.read(word, readOrder)
    const count = this.read(number, (text) => readCount(text, 1, 25))
    if (kind && number && kind.value !== 'interleave') {
      this.report('error', number.at, { code: 'value', message: `"candidate-order ${kind.value}" takes no number` })
    }
    return kind && { value: { kind: kind.value, count: count?.value ?? 1 }, at: kind.at }
  }

  protected judgeFloat(): void {
    const float = this.entry('float')
    if (!float) return
    const message = '"float" has no effect: a client listens to the address that it tried, and to no other'
    this.report('warning', float.at, { code: 'R5', message })
  }

  #judgePauses(): void {
    for (const name of this.scope.at ? ['connect-retry', 'connect-retry-max'] : []) {
      const entry = this.entry(name)
      if (!entry) continue
      const message = `"${name}" has no effect in a block: pauses stand between rounds over all remotes`
      this.report('warning', entry.at, { code: 'scope', message, hint: 'write it outside of the block' })
    }
  }
}

const KEY_KINDS = ['tls-auth', 'tls-crypt', 'tls-crypt-v2'] as const

/** How to write an old spelling today. */
type How = (proto: Proto, forced: Family | undefined) => string

const HOW_ON_LINES: How = ({ newSpelling }, forced) =>
  forced
    ? `write "proto ${newSpelling}" and, on a line of its own, "${forced}"`
    : `write "proto ${newSpelling}"; ${ONE_FAMILY}`
const HOW_IN_A_BLOCK: How = ({ newSpelling }, forced) =>
  forced
    ? `write "${newSpelling}", and "${forced}" on a line of its own: for this remote alone, both in a <connection> block`
    : `write "${newSpelling}"; ${ONE_FAMILY}`
const ONE_FAMILY = 'for IPv6 alone, also "ipv6" on a line of its own'

function readBindWord(text: string): Reading<'ipv6'> {
  const word = oneOf(['ipv6only'], text)
  return word.message === undefined ? { value: 'ipv6' } : word
}
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

function withHint<T>(reading: Reading<T>, hint: string): Reading<T> {
  return reading.message === undefined ? reading : { message: reading.message, hint: reading.hint ?? hint }
}

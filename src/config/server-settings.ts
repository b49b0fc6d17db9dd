/**
 * From one scope of a server to its settings: every value read, each with its place, nothing inherited yet. A value that
 * cannot be read is an issue and then absent.
 */
import type { Family, Transport } from '../endpoint.ts'
import { forcedFamily } from './forced-family.ts'
import type { IssueList, Place, Reading } from './issue.ts'
import { oneOf } from './one-of.ts'
import { type Proto, readProto } from './proto.ts'
import { readCount, readPort, readSeconds } from './quantities.ts'
import { type Maybe, Reader, type SettingsOptions } from './reader.ts'
import type { Scope } from './scopes.ts'
import { MAX_CLIENTS, MAX_RATE, type Rate, type ServerConfig } from './server-schema.ts'
import type { Entry, Value } from './source.ts'
import { readLocalHost } from './written-host.ts'

/** One `local`. What it does not say comes from its block, or from the globals. */
export interface LocalLine {
  readonly at: Place
  /** All of it could be read. */
  readonly isWhole: boolean
  /** A value of undefined: the wildcards. */
  readonly host: Maybe<string | undefined>
  readonly port: Maybe<number>
  readonly transport: Maybe<Transport>
  readonly family: Maybe<Family>
}

export interface ServerSettings {
  readonly at: Place | undefined
  /** All that a block inherits could be read. */
  readonly isWhole: boolean
  readonly locals: readonly LocalLine[]
  readonly transport: Maybe<Transport>
  readonly family: Maybe<Family>
  readonly port: Maybe<number>
  readonly lport: Maybe<number>
  readonly bindPolicy: Maybe<ServerConfig['bindPolicy']>
  readonly multihome: boolean
  readonly resolveTimeout: Maybe<number>
  readonly maxClients: Maybe<number>
  readonly maxPending: Maybe<number>
  readonly handWindow: Maybe<number>
  readonly connectFreq: Maybe<Rate>
  readonly sourceFreq: Maybe<Rate>
  readonly amplificationLimit: boolean
}

export function serverSettings(scope: Scope, options: SettingsOptions, issues: IssueList): ServerSettings {
  return new ServerReader(scope, options, issues).settings()
}

class ServerReader extends Reader {
  settings(): ServerSettings {
    const proto = this.#proto(this.values('proto')[0], ON_LINES)
    const inherited = {
      transport: transportOf(proto),
      family: this.#family(suffixOf(proto)),
      port: this.first('port', readBindPort),
      lport: this.first('lport', readBindPort),
    }
    const isWhole = this.misread === 0
    this.first('multihome', readMultihome)
    return {
      at: this.scope.at,
      isWhole,
      ...inherited,
      locals: this.scope.locals.map((entry) => this.#local(entry)),
      bindPolicy: this.first('bind-policy', (text) => oneOf(['all', 'any'], text)),
      multihome: this.has('multihome'),
      resolveTimeout: this.first('resolve-timeout', (text) => readSeconds(text, 1)),
      maxClients: this.first('max-clients', readClients),
      maxPending: this.first('max-pending', readClients),
      handWindow: this.first('hand-window', (text) => readSeconds(text, 1)),
      connectFreq: this.#rate('connect-freq'),
      sourceFreq: this.#rate('connect-freq-source'),
      amplificationLimit: this.has('amplification-limit'),
    }
  }

  #local({ at, values: [host, port, word] }: Entry): LocalLine {
    const before = this.misread
    const proto = this.#proto(word, IN_A_BLOCK)
    const line = {
      host: this.read(host, readLocalHost),
      port: this.read(port, readBindPort),
      transport: transportOf(proto),
      family: forcedBy(suffixOf(proto)),
    }
    return { at, isWhole: this.misread === before, ...line }
  }

  #proto(written: Value | undefined, how: How): Maybe<Proto> {
    const proto = this.read(written, readProto)
    if (!proto) return undefined
    const { value, at } = proto
    if (value.role === 'client') {
      const message = `"${value.word}" dials, and this is a server's configuration`
      this.report('error', at, { code: 'mode', message, hint: `write ${value.transport}` })
    } else if (value.newSpelling !== undefined) {
      const isBoth = value.family === 'ipv6'
      const old = `"${value.word}" is an old spelling`
      const message = isBoth ? `${old}, which forces no family in a server` : `${old} of a protocol and a family`
      const hint = isBoth ? how.both(value.newSpelling) : how.ipv4(value.newSpelling)
      this.report(this.strict ? 'error' : 'warning', at, { code: 'R1', message, hint })
    }
    return proto
  }

  #family(suffix: Maybe<Family>): Maybe<Family> {
    // Each v6 socket is v6-only anyway: what `bind ipv6only` says is that IPv4 is not wanted.
    const word = this.first('bind', (text) => oneOf(['ipv6only'], text))
    const family = forcedFamily(this, word && { value: 'ipv6', at: word.at }, suffix)
    return family === suffix ? forcedBy(suffix) : family
  }

  #rate(name: string): Maybe<Rate> {
    const [first, second] = this.values(name)
    const count = this.read(first, (text) => readCount(text, 1, MAX_RATE))
    const window = this.read(second, (text) => readSeconds(text, 1))
    return count && window && { value: { count: count.value, window: window.value }, at: count.at }
  }
}

interface How {
  readonly ipv4: (proto: string) => string
  readonly both: (proto: string) => string
}
const ON_LINES: How = {
  ipv4: (proto) => `write "proto ${proto}" and, on a line of its own, "ipv4"`,
  both: (proto) => `write "proto ${proto}"; for IPv6 alone, also "ipv6" on a line of its own`,
}
const IN_A_BLOCK: How = {
  ipv4: (proto) =>
    `write "${proto}", and "ipv4" on a line of its own: for this address alone, both in a <listen> block`,
  both: (proto) => `write "${proto}"; for IPv6 alone, also "ipv6" on a line of its own`,
}

const transportOf = (proto: Maybe<Proto>): Maybe<Transport> => proto && { value: proto.value.transport, at: proto.at }
const suffixOf = (proto: Maybe<Proto>): Maybe<Family> =>
  proto?.value.family && { value: proto.value.family, at: proto.at }

// R1: real servers write `udp6` for both families.
const forcedBy = (suffix: Maybe<Family>): Maybe<Family> => (suffix?.value === 'ipv4' ? suffix : undefined)

const readBindPort = (text: string): Reading<number> => readPort(text, 0)
const readClients = (text: string): Reading<number> => readCount(text, 1, MAX_CLIENTS)

function readMultihome(text: string): Reading<never> {
  if (text !== 'same-interface') return { message: `expected same-interface or nothing, not "${text}"` }
  const message = '"multihome same-interface" is not honoured: the routes of this machine choose the interface'
  return { code: 'refused', message, hint: 'write multihome alone' }
}

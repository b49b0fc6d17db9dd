/**
 * From settings to the configuration of a peer (R5): its policy, what it binds for that, and its remotes. What a word
 * implies is in `policy.ts`; what must not stand together, in `peer-conflicts.ts`.
 */
import type { IssueList, Place } from './issue.ts'
import { type Layers, first, globalsIn } from './layers.ts'
import type { PeerConfigInput } from './peer-schema.ts'
import type { PeerSettings } from './peer-settings.ts'
import { Places } from './places.ts'
import { type Policy, type Word, policyOf, wordOf } from './policy.ts'
import type { At } from './reader.ts'
import { type RemoteDraft, addressOf, draftsOf, isAlone, localOf, protoOf, walkOf } from './remote-drafts.ts'
import type { Config, RemoteInput } from './schema.ts'
import { examine } from './validate.ts'

/** `start` is the place of what has no other. */
export function compilePeer(layers: Layers<PeerSettings>, issues: IssueList, start: Place): Config | undefined {
  return new PeerCompiler(layers, issues, start).compile()
}

/** The policy, and the word that it comes from. */
interface Chosen extends Policy {
  readonly word: Exclude<Word, 'tcp'>
  readonly at: Place
}

class PeerCompiler {
  readonly #layers: Layers<PeerSettings>
  readonly #globals: readonly PeerSettings[]
  readonly #issues: IssueList
  readonly #start: Place
  readonly #places: Places

  constructor(layers: Layers<PeerSettings>, issues: IssueList, start: Place) {
    this.#layers = layers
    this.#globals = globalsIn(layers)
    this.#issues = issues
    this.#start = start
    this.#places = new Places(start)
  }

  compile(): Config | undefined {
    const drafts = draftsOf(this.#layers, this.#issues)
    const chosen = this.#policy(drafts)
    if (!chosen) return undefined
    const remotes = drafts.flatMap((draft, index) => this.#remote(draft, index, chosen) ?? [])
    const listen = binds(chosen) ? this.#listen(chosen) : undefined
    this.#judgeBinding(chosen)
    if (isAlone(this.#layers)) this.#judgeSilence(chosen)
    // What could not be read would become a default, and contradict something for no reason.
    const lacksRemotes = remotes.length === 0 && !(listen && isAlone(this.#layers))
    if (!this.#isWhole || lacksRemotes) return undefined
    const { config, findings } = examine(this.#input(chosen, listen, remotes))
    for (const { path, ...problem } of findings) this.#issues.report(this.#places.of(path), problem)
    return config
  }

  get #isWhole(): boolean {
    const { blocks } = this.#layers
    return !this.#issues.lostLines && [...this.#globals, ...blocks].every(({ isWhole }) => isWhole)
  }

  // --- the policy ---

  #policy(drafts: readonly RemoteDraft[]): Chosen | undefined {
    const written = drafts.map((draft) => ({ proto: protoOf(draft), at: draft.line.at }))
    const all = written.length > 0 ? written : [{ proto: first(this.#globals, 'proto'), at: this.#start }]
    // Without a word it is udp; but the word may be what was lost.
    if (!this.#isWhole && all.some(({ proto }) => !proto)) return undefined
    const word = this.#word(all.map(({ proto, at }) => ({ value: wordOf(proto?.value), at: proto?.at ?? at })))
    if (!word) return undefined
    const sockets = first(this.#globals, 'sockets')
    const at = sockets?.at ?? word.at
    const policy = policyOf(word.value, sockets?.value)
    this.#places.set('sockets', at).set('waits', word.at)
    if (policy.message === undefined) return { ...policy.value, word: word.value, at: word.at }
    this.#error(at, policy.message, policy.hint)
    return undefined
  }

  /** What all of them say; who dials may do so over both transports. */
  #word(words: readonly At<Word>[]): At<Chosen['word']> | undefined {
    const vague = words.find(({ value }) => value === 'tcp')
    if (vague) {
      const hint = 'tcp-server waits, tcp-client connects; for a client add a line: client'
      this.#error(vague.at, '"tcp" does not say which peer waits: choose tcp-server or tcp-client', hint)
      return undefined
    }
    const [leader] = words as [At<Chosen['word']>]
    const other = words.find(({ value }) => value !== leader.value && !(dials(value) && dials(leader.value)))
    if (!other) return leader
    const message = `one remote is ${leader.value}, and another ${other.value}: a peer does the same for all`
    this.#error(other.at, message, HOW_TO_MIX)
    return undefined
  }

  // --- what is bound ---

  #listen({ word, at }: Chosen): PeerConfigInput['listen'] {
    const family = first(this.#globals, 'family')
    const only = first(this.#globals, 'ipv6only')
    if (only && family?.value === 'ipv4') {
      const message = '"bind ipv6only" and "ipv4" contradict each other'
      const hint = 'keep one of them; with neither, both families are used'
      this.#issues.report(only.at, { severity: 'error', code: 'R1', message, hint })
    }
    const bound = first(this.#globals, 'local')?.at ?? first(this.#globals, 'binds')?.at ?? at
    const forced = family ?? only
    this.#places.set('listen', bound).set('listen.family', forced?.at ?? bound)
    return {
      proto: word === 'tcp-server' ? 'tcp' : 'udp',
      ...localOf(this.#globals),
      ...(forced && { family: forced.value }),
    }
  }

  #judgeBinding(chosen: Chosen): void {
    if (!binds(chosen)) return
    const { word, sockets } = chosen
    const rival = sockets === 'pinned' ? 'p2p-sockets pinned' : `proto ${word}`
    const unbound = `"nobind" and "${rival}" contradict each other: ${WHY_BOUND[sockets]}`
    const ownWay = 'the sockets of this peer are bound once, for all remotes'
    const said = first(this.#globals, 'binds')
    if (said?.value === false) this.#error(said.at, unbound, HOW_UNBOUND[sockets])
    for (const { binds } of this.#layers.blocks) {
      if (binds?.value === false) this.#error(binds.at, unbound, HOW_UNBOUND[sockets])
      else if (binds) this.#error(binds.at, ownWay, 'write it outside of the block')
    }
  }

  /** Nobody to send to. */
  #judgeSilence(chosen: Chosen): void {
    if (this.#issues.lostLines) return
    if (!binds(chosen)) {
      const message = `"${chosen.word}" dials, and there is no remote to connect to`
      this.#error(chosen.at, message, 'add a line: remote HOST [PORT]')
    }
    const confirm = first(this.#globals, 'confirm')
    if (confirm?.value.kind === 'reply') {
      const message = '"confirm reply" is for the one that sends first, and this peer waits'
      this.#error(confirm.at, message, 'write "confirm peer" or "confirm none"')
    }
  }

  // --- the remotes ---

  #remote(draft: RemoteDraft, index: number, chosen: Chosen): RemoteInput | undefined {
    const { line, layers } = draft
    if (!line.host) return undefined
    const path = `remotes.${index}`
    const confirm = first(layers, 'confirm')
    this.#places
      .set(path, line.at)
      .set(`${path}.host`, line.host.at)
      .set(`${path}.confirm`, confirm?.at ?? line.at)
    return {
      host: line.host.value,
      ...addressOf(draft),
      ...(!binds(chosen) && this.#local(draft, `${path}.local`)),
      connectTimeout: first(layers, 'connectTimeout')?.value,
      confirm: confirm?.value,
    }
  }

  /** OpenVPN binds a peer by default, but not one that is `tcp-client`. */
  #local(draft: RemoteDraft, path: string): Pick<RemoteInput, 'local'> {
    const said = first(draft.layers, 'binds')
    if (!(said?.value ?? protoOf(draft)?.value.transport === 'udp')) return {}
    this.#places.set(path, first(draft.layers, 'local')?.at ?? said?.at ?? draft.line.at)
    return { local: localOf(draft.layers) }
  }

  // --- the whole ---

  #input({ sockets, waits }: Chosen, listen: PeerConfigInput['listen'], remotes: RemoteInput[]): PeerConfigInput {
    const globals = this.#globals
    const [ping, restart] = [first(globals, 'ping'), first(globals, 'restart')]
    const float = [...globals, ...this.#layers.blocks].find((layer) => layer.float)?.float
    this.#places.set('keepalive', (ping ?? restart)?.at ?? this.#start).set('float', float ?? this.#start)
    return {
      mode: 'p2p',
      sockets,
      waits,
      ...(listen && { listen }),
      bindPolicy: first(globals, 'bindPolicy')?.value,
      remotes,
      confirm: first(globals, 'confirm')?.value.kind === 'none' ? 'none' : 'peer',
      connectTimeout: first(globals, 'connectTimeout')?.value,
      float: float !== undefined,
      keepalive: {
        ...(ping && ping.value > 0 && { ping: ping.value }),
        ...(restart && restart.value > 0 && { restart: restart.value }),
      },
      ...walkOf(globals),
    }
  }

  #error(at: Place, message: string, hint?: string): void {
    this.#issues.report(at, { severity: 'error', code: 'R5', message, hint })
  }
}

const dials = (word: Word) => word.endsWith('-client')
const binds = ({ sockets, waits }: Policy) => sockets !== 'roles' || waits

const HOW_TO_MIX = 'only udp-client and tcp-client go together'
const WHY_BOUND = {
  all: 'both peers bind all their sockets',
  roles: 'who waits must be found at a port',
  pinned: 'a pinned peer has one local address',
}
const HOW_UNBOUND = {
  all: 'write "proto udp-client" for the peer that only dials',
  roles: 'remove "nobind"; "lport 0" is any port',
  pinned: 'remove "nobind"',
}

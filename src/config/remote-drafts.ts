/**
 * The remotes of a client or a peer, and where each looks for what it does not say: into its block first, then at the
 * command line, then at the file's globals, wherever these stand (R1, R7).
 */
import type { Transport } from '../endpoint.ts'
import type { ClientSettings, RemoteLine } from './client-settings.ts'
import type { IssueList, Place } from './issue.ts'
import { type Layers, first, globalsIn, portIn } from './layers.ts'
import type { Proto } from './proto.ts'
import type { At, Maybe } from './reader.ts'
import { type ClientConfigInput, MAX_REMOTES, type RemoteInput } from './schema.ts'

/** OpenVPN's port. */
export const DEFAULT_PORT = 1194

export interface RemoteDraft {
  readonly line: RemoteLine
  /** Index of its block. */
  readonly block: number | null
  /** Where it looks, nearest first. */
  readonly layers: readonly ClientSettings[]
}

/** Those that `proto-force` leaves, and that could be. */
export function draftsOf(layers: Layers<ClientSettings>, issues: IssueList): readonly RemoteDraft[] {
  return new Drafter(layers, issues).drafts()
}

/** No remote was written at all. */
export const isAlone = ({ file, commandLine, blocks }: Layers<ClientSettings>): boolean =>
  file.remotes.length + commandLine.remotes.length + blocks.length === 0

export const protoOf = ({ line, layers }: RemoteDraft): Maybe<Proto> => line.proto ?? first(layers, 'proto')
export const transportOf = (draft: RemoteDraft): Transport => protoOf(draft)?.value.transport ?? 'udp'

type Address = Pick<RemoteInput, 'port' | 'proto' | 'family'>

export function addressOf(draft: RemoteDraft): Address {
  const { line, layers } = draft
  const family = line.family ?? first(layers, 'family')
  const port = line.port ?? portIn(layers, 'rport', 'port')
  return { port: port?.value ?? DEFAULT_PORT, proto: transportOf(draft), ...(family && { family: family.value }) }
}

/** What `local` and `lport` say, if anything is bound at all. */
export function localOf(layers: readonly ClientSettings[]): NonNullable<RemoteInput['local']> {
  const host = first(layers, 'local')
  const port = portIn(layers, 'lport', 'localPort', 'port')
  return { ...(host?.value !== undefined && { host: host.value }), port: port?.value ?? DEFAULT_PORT }
}

/** What is said once for all remotes. */
export function walkOf(globals: readonly ClientSettings[]): Omit<ClientConfigInput, 'mode' | 'remotes'> {
  return {
    remoteRandom: globals.some((layer) => layer.remoteRandom),
    remoteRandomHostname: first(globals, 'remoteRandomHostname') !== undefined,
    resolveTimeout: first(globals, 'resolveTimeout')?.value,
    resolvRetry: first(globals, 'resolvRetry')?.value,
    connectRetry: first(globals, 'connectRetry')?.value,
    connectRetryMax: first(globals, 'connectRetryMax')?.value,
    pacing: {
      policy: first(globals, 'policy')?.value,
      attemptDelay: first(globals, 'attemptDelay')?.value,
      maxInFlight: first(globals, 'maxInFlight')?.value,
    },
    candidateOrder: first(globals, 'candidateOrder')?.value,
  }
}

class Drafter {
  readonly #layers: Layers<ClientSettings>
  readonly #issues: IssueList

  constructor(layers: Layers<ClientSettings>, issues: IssueList) {
    this.#layers = layers
    this.#issues = issues
  }

  drafts(): readonly RemoteDraft[] {
    const { file, commandLine, blocks } = this.#layers
    const globals = globalsIn(this.#layers)
    const lines = [...file.remotes, ...commandLine.remotes]
    const all =
      blocks.length > 0 ? this.#inBlocks(globals) : lines.map((line) => ({ line, block: null, layers: globals }))
    for (const { at } of blocks.length > 0 ? lines : []) {
      const message = 'this remote is ignored: there are <connection> blocks'
      this.#issues.report(at, { severity: 'warning', code: 'scope', message })
    }
    const surplus = all[MAX_REMOTES]
    if (surplus) this.#error(surplus.line.at, 'value', `a configuration has at most ${MAX_REMOTES} remotes`)
    return this.#forced(all.slice(0, MAX_REMOTES), first(globals, 'protoForce'))
  }

  #inBlocks(globals: readonly ClientSettings[]): readonly RemoteDraft[] {
    return this.#layers.blocks.flatMap((block, index) => {
      const [line, second] = block.remotes
      if (!line) {
        const hint = 'a <connection> block has exactly one'
        this.#error(block.at as Place, 'scope', 'this block has no remote', hint)
      }
      if (second) {
        const hint = 'give each remote a block of its own'
        this.#error(second.at, 'scope', 'a <connection> block has exactly one remote', hint)
      }
      return line ? [{ line, block: index, layers: [block, ...globals] }] : []
    })
  }

  #forced(drafts: readonly RemoteDraft[], force: At<Transport> | undefined): readonly RemoteDraft[] {
    if (!force) return drafts
    const kept = drafts.filter((draft) => transportOf(draft) === force.value)
    if (kept.length === 0 && drafts.length > 0) {
      this.#error(
        force.at,
        'value',
        `no remote is left: none of them is ${force.value}`,
        'proto-force only leaves remotes out',
      )
    }
    for (const draft of kept.length > 0 ? drafts : []) {
      if (kept.includes(draft)) continue
      const message = `left out: "proto-force ${force.value}"`
      this.#issues.report(draft.line.at, { severity: 'note', code: 'value', message })
    }
    return kept
  }

  #error(at: Place, code: string, message: string, hint?: string): void {
    this.#issues.report(at, { severity: 'error', code, message, hint })
  }
}

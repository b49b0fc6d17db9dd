/** From one scope of a peer to its settings: what clients have, read as a peer means it, and what peers alone have (R5). */
import type { Family } from '../endpoint.ts'
import { ClientReader, type ClientSettings } from './client-settings.ts'
import type { IssueList, Place, Reading } from './issue.ts'
import { oneOf } from './one-of.ts'
import type { PeerConfig } from './peer-schema.ts'
import type { Sockets } from './policy.ts'
import type { Proto } from './proto.ts'
import { readSeconds } from './quantities.ts'
import type { At, Maybe, SettingsOptions } from './reader.ts'
import type { Confirmation } from './schema.ts'
import type { Scope } from './scopes.ts'

export interface PeerSettings extends ClientSettings {
  /** All that was written could be read. */
  readonly isWhole: boolean
  readonly sockets: Maybe<Sockets>
  readonly bindPolicy: Maybe<PeerConfig['bindPolicy']>
  /** Where it was said. */
  readonly float: Place | undefined
  /** ms; 0: off. */
  readonly ping: Maybe<number>
  readonly restart: Maybe<number>
}

export function peerSettings(scope: Scope, options: SettingsOptions, issues: IssueList): PeerSettings {
  return new PeerReader(scope, options, issues).peerSettings()
}

class PeerReader extends ClientReader {
  peerSettings(): PeerSettings {
    const settings = {
      ...this.settings(),
      sockets: this.first('p2p-sockets', (text) => oneOf(['roles', 'all', 'pinned'], text)),
      bindPolicy: this.first('bind-policy', (text) => oneOf(['all', 'any'], text)),
      float: this.entry('float')?.at,
      ...this.#keepalive(),
    }
    return { ...settings, isWhole: this.misread === 0 }
  }

  // R1: whoever binds for all remotes means both families by `udp6`, as real dual-stack peers are written.
  protected override forcedBy({ family, role }: Proto): Family | undefined {
    return family === 'ipv6' && role !== 'client' ? undefined : family
  }

  protected override judgeProto(proto: At<Proto>, how: Parameters<ClientReader['judgeProto']>[1]): void {
    this.judgeSpelling(proto, how)
  }

  protected override confirmKind(text: string): Reading<Confirmation['kind']> {
    if (text !== 'openvpn') return oneOf(['peer', 'none', 'reply'], text)
    const hint = 'write "confirm none" where the other is an OpenVPN'
    return { code: 'R5', message: '"confirm openvpn" is never used on peers: it takes their session', hint }
  }

  protected override judgeFloat(): void {
    const float = this.entry('float')
    if (!float || !this.scope.at) return
    const message = '"float" is true for all remotes, wherever it stands'
    this.report('warning', float.at, { code: 'scope', message, hint: 'write it outside of the block' })
  }

  #keepalive(): Pick<PeerSettings, 'ping' | 'restart'> {
    const keepalive = this.entry('keepalive')
    const rival = this.entry('ping') ?? this.entry('ping-restart')
    const alone = { ping: this.first('ping', readInterval), restart: this.first('ping-restart', readInterval) }
    if (!keepalive) return alone
    if (rival) {
      const message = `"keepalive" and "${rival.name}" contradict each other`
      const hint = '"keepalive 10 60" is "ping 10" and "ping-restart 60": keep the one or the others'
      this.report('error', rival.at, { code: 'R5', message, hint })
    }
    const [first, second] = this.values('keepalive')
    const ping = this.read(first, (text) => readSeconds(text, 1))
    const restart = this.read(second, (text) => readSeconds(text, 1))
    if (ping && restart && restart.value < 2 * ping.value) {
      const message = `the peer would be given up after ${restart.value / 1000} s, with a ping every ${ping.value / 1000} s`
      this.report('error', restart.at, { code: 'R5', message, hint: 'the second is at least twice the first' })
    }
    return { ping, restart }
  }
}

const readInterval = (text: string): Reading<number> => readSeconds(text, 0)

/** R5: what the word of `proto` says about a peer, and what `p2p-sockets` may make of it. One table, and no other. */
import type { Transport } from '../endpoint.ts'
import type { Reading } from './issue.ts'
import type { PeerConfig } from './peer-schema.ts'
import type { Proto } from './proto.ts'

export type Sockets = PeerConfig['sockets']
export type Policy = Pick<PeerConfig, 'sockets' | 'waits'>

/** A word of `proto`, without its family. */
export type Word = Transport | `${Transport}-${'client' | 'server'}`

export const wordOf = ({ transport, role }: Pick<Proto, 'transport' | 'role'> = { transport: 'udp' }): Word =>
  role === undefined ? transport : `${transport}-${role}`

/** TCP without a role does not say which of the two peers waits. */
export const IMPLIED: Readonly<Record<Exclude<Word, 'tcp'>, Policy>> = {
  udp: { sockets: 'all', waits: false },
  'udp-server': { sockets: 'roles', waits: true },
  'udp-client': { sockets: 'roles', waits: false },
  'tcp-server': { sockets: 'roles', waits: true },
  'tcp-client': { sockets: 'roles', waits: false },
}

/** `sockets`: what `p2p-sockets` says, if it is there. */
export function policyOf(word: Exclude<Word, 'tcp'>, sockets: Sockets | undefined): Reading<Policy> {
  const implied = IMPLIED[word]
  if (sockets === undefined || sockets === implied.sockets) return { value: implied }
  const directive = `"p2p-sockets ${sockets}"`
  if (word === 'udp') {
    if (sockets === 'pinned') return { value: { sockets, waits: false } }
    const hint = 'write "proto udp-server" for the one that waits, "proto udp-client" for the other'
    return { code: 'R5', message: `${directive} wants a role, and "udp" has none`, hint }
  }
  if (word.startsWith('tcp')) {
    const hint = sockets === 'all' ? 'remove it' : 'remove it: one "local" and one "remote" do the same'
    return { code: 'R5', message: `${directive} is for UDP: over TCP one peer waits, and the other connects`, hint }
  }
  const message = `${directive} and "${word}" contradict each other: there, both peers do the same`
  return { code: 'R5', message, hint: 'write "proto udp"' }
}

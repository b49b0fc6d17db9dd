/** Rule R1: what the words of `proto` mean. `udp6` and its kind are old spellings of a transport and a family. */
import type { Family, Transport } from '../endpoint.ts'
import type { Reading } from './issue.ts'

export interface Proto {
  /** As written. */
  readonly word: string
  readonly transport: Transport
  readonly family?: Family | undefined
  readonly role?: 'client' | 'server' | undefined
  /** The word without its family, when it had one: `udp6` is `udp` and `ipv6` today. */
  readonly newSpelling?: string | undefined
}

// OpenVPN 3 writes `udpv6` for OpenVPN 2's `udp6`.
const WORD = /^(udp|tcp)(v?[46])?(?:-(client|server))?$/

export function readProto(word: string): Reading<Proto> {
  const [, transport, suffix, role] = WORD.exec(word) ?? []
  if (transport === undefined) return { message: `"${word}" is no protocol`, hint: hintFor(word) }
  return {
    value: {
      word,
      transport: transport === 'tcp' ? 'tcp' : 'udp',
      family: suffix === undefined ? undefined : suffix.endsWith('6') ? 'ipv6' : 'ipv4',
      role: role === 'client' || role === 'server' ? role : undefined,
      newSpelling: suffix === undefined ? undefined : role === undefined ? transport : `${transport}-${role}`,
    },
  }
}

function hintFor(word: string): string {
  const small = word.toLowerCase()
  return WORD.test(small) ? `write it in small letters: ${small}` : 'write udp or tcp'
}

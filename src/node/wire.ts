/** The kernel's sockets, behind the core's `Wire`. */
import type { Wire } from '../wire.ts'
import { openTcp } from './tcp-wire.ts'
import { openUdp } from './udp-wire.ts'

export function nodeWire(): Wire {
  return { open: (request, tell) => (request.transport === 'tcp' ? openTcp : openUdp)(request, tell) }
}

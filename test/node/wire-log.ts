/** Listens to one wire socket: what was told, in order, and a promise for each kind. */
import { expect } from 'vitest'
import type { Endpoint } from '../../src/endpoint.ts'
import { nodeWire } from '../../src/node/wire.ts'
import type { WireEvent, WireRequest, WireSocket } from '../../src/wire.ts'

export interface WireLog {
  readonly socket: WireSocket
  readonly events: readonly WireEvent[]
  readonly types: () => readonly string[]
  /** The first event of this kind, also if it was told before. */
  readonly told: <Type extends WireEvent['type']>(type: Type) => Promise<Extract<WireEvent, { type: Type }>>
}

type Opening = Pick<WireRequest, 'transport' | 'local'> & {
  readonly to: Omit<Endpoint, 'family'>
  readonly reads?: boolean
}

/** Opens a socket; `on` runs inside the telling, as a machine does. */
export function openWire(
  { transport, to, local, reads = false }: Opening,
  on: (event: WireEvent, socket: WireSocket) => void = () => {},
): WireLog {
  const family = to.address.includes(':') ? 'ipv6' : 'ipv4'
  const events: WireEvent[] = []
  const waiting: (() => void)[] = []
  let opening = true
  const request = { attempt: 1, transport, family, remote: { family, ...to }, local, reads } as const
  const socket = nodeWire().open(request, (event) => {
    expect(opening, 'nothing is told from inside open').toBe(false)
    events.push(event)
    on(event, socket)
    for (const look of waiting) look()
  })
  opening = false
  const told = <Type extends WireEvent['type']>(type: Type) =>
    new Promise<Extract<WireEvent, { type: Type }>>((resolve) => {
      const look = () => {
        const found = events.find((event) => event.type === type)
        if (found) resolve(found as Extract<WireEvent, { type: Type }>)
      }
      waiting.push(look)
      look()
    })
  return { socket, events, types: () => events.map(({ type }) => type), told }
}

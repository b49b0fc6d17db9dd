/** Opens one listening socket: what was told, in order, and a promise for each kind. */
import { expect } from 'vitest'
import type { DockEvent, DockSocket, Guest } from '../../src/dock.ts'
import type { Endpoint, Transport } from '../../src/endpoint.ts'
import { nodeDock } from '../../src/node/dock.ts'

type Told<Type extends DockEvent['type']> = Extract<DockEvent, { type: Type }>

export interface DockLog {
  readonly socket: DockSocket
  readonly types: () => readonly string[]
  /** The first event of this kind, also if it was told before. */
  readonly told: <Type extends DockEvent['type']>(type: Type) => Promise<Told<Type>>
  /** The TCP clients, in order. */
  readonly guests: () => readonly Guest[]
}

export function openDock(transport: Transport, address: string, port = 0): DockLog {
  const family = address.includes(':') ? 'ipv6' : 'ipv4'
  const events: DockEvent[] = []
  const waiting = new Set<() => void>()
  let opening = true
  const endpoint: Endpoint = { family, address, port }
  const socket = nodeDock.open({ listener: 1, transport, endpoint }, (event) => {
    expect(opening, 'nothing is told from inside open').toBe(false)
    events.push(event)
    for (const look of waiting) look()
  })
  opening = false
  const find = <Type extends DockEvent['type']>(type: Type) =>
    events.find((event): event is Told<Type> => event.type === type)
  const told = <Type extends DockEvent['type']>(type: Type) =>
    new Promise<Told<Type>>((resolve) => {
      const look = () => {
        const found = find(type)
        if (found) resolve(found)
      }
      waiting.add(look)
      look()
    })
  const guests = () => events.flatMap((event) => (event.type === 'arrived' ? [event.guest] : []))
  return { socket, types: () => events.map(({ type }) => type), told, guests }
}

/** The kernel's listening sockets, behind the core's `Dock`. */
import type { Dock, DockEvent, DockRequest } from '../dock.ts'
import { type Address, unmap } from '../endpoint.ts'
import type { ReadySockets } from '../plugins/plugin.ts'
import { openTcpDock } from './tcp-dock.ts'
import { openUdpDock } from './udp-dock.ts'

type Tell = (event: DockEvent) => void

/** Binds every socket itself. */
export const nodeDock: Dock = {
  open: (request, tell) => opener(request)(request.endpoint, tell),
}

/** Takes what is ready, and binds the rest itself. */
export function dockWith(sockets: ReadySockets): Dock {
  return {
    open: (request, tell) => {
      const ready = sockets.take(request)
      if (ready) return opener(request)(request.endpoint, v6Only(tell), ready)
      return nodeDock.open(request, explaining(request, sockets, tell))
    },
  }
}

const opener = ({ transport }: DockRequest) => (transport === 'tcp' ? openTcpDock : openUdpDock)

/** A bound socket cannot be made v6-only any more (R2): who comes to it over IPv4 is turned away here instead. */
function v6Only(tell: Tell): Tell {
  return (event) => {
    if (event.type === 'arrived' && isOverIpv4(event.guest.remote)) event.guest.close()
    else if (event.type !== 'heard' || !isOverIpv4(event.from)) tell(event)
  }
}

const isOverIpv4 = (remote: Address) => unmap(remote) !== undefined

function explaining(request: DockRequest, sockets: ReadySockets, tell: Tell): Tell {
  return (event) => {
    if (event.type !== 'failed') return tell(event)
    tell({ type: 'failed', failure: sockets.explain(request, event.failure) ?? event.failure })
  }
}

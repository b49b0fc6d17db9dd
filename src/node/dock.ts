/** The kernel's listening sockets, behind the core's `Dock`. */
import type { Dock } from '../dock.ts'
import { openTcpDock } from './tcp-dock.ts'
import { openUdpDock } from './udp-dock.ts'

export const nodeDock: Dock = {
  open: (request, tell) => (request.transport === 'tcp' ? openTcpDock : openUdpDock)(request.endpoint, tell),
}

/** Real OpenVPN clients against our server: the packets of each arrive on the socket that it was sent to. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Transport } from '../../src/endpoint.ts'
import { type Lab, noLabBecause, openLab } from './openvpn-server.ts'
import { nextConnection, nextMessage, serve } from './served.ts'

const because = noLabBecause()
if (because !== undefined) console.warn(`SKIPPED, all tests with real OpenVPN clients: ${because}`)

/** P_CONTROL_HARD_RESET_CLIENT_V2 with key 0, the first byte of a client's first packet. */
const HARD_RESET = 0x38

describe.skipIf(because !== undefined)(
  `OpenVPN's client${because === undefined ? '' : ` (skipped: ${because})`}`,
  () => {
    let lab: Lab
    beforeAll(async () => void (lab = await openLab()))
    afterAll(() => lab?.close())

    /** It goes no further than its first packet; the server's certificate does for a client's. */
    function openvpn(transport: Transport, address: string, port: number) {
      const proto = `${transport}${address.includes(':') ? '6' : '4'}${transport === 'tcp' ? '-client' : ''}`
      const options = [
        'client',
        'nobind',
        'dev tun',
        'ca ca.crt',
        'cert server.crt',
        'key server.key',
        'connect-timeout 5',
      ]
      const words = [...options, `remote ${address} ${port} ${proto}`].flatMap((line) => `--${line}`.split(' '))
      return spawn('openvpn', ['--cd', lab.folder, ...words], { stdio: 'ignore' })
    }

    it('R2 R4 reaches every bound socket', async () => {
      const any = [{ host: '127.0.0.2' }, { host: '::1' }, { family: 'ipv4' }] as const
      const listen = any.flatMap((one) => (['tcp', 'udp'] as const).map((proto) => ({ ...one, proto, port: 0 })))
      await using served = await serve({ listen })
      const { server } = served
      expect(server.roster.listeners).toHaveLength(6)
      for (const { listener, transport, local } of server.roster.listeners) {
        const { address = '', port = 0 } = local ?? {}
        const tcp = async () => {
          const { socket, ...connection } = await nextConnection(server)
          const [bytes] = (await once(socket, 'data')) as [Buffer]
          // Behind the length of the packet.
          return { first: bytes[2], listener: connection.listener.listener }
        }
        const udp = async () => {
          const { bytes, listener } = await nextMessage(server)
          return { first: bytes[0], listener: listener.listener }
        }
        const arriving = transport === 'tcp' ? tcp() : udp()
        const client = openvpn(transport, address.replace('0.0.0.0', '127.0.0.1'), port)
        expect(await arriving).toEqual({ first: HARD_RESET, listener })
        client.kill('SIGKILL')
        await once(client, 'exit')
      }
    })
  },
)

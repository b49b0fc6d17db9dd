/**
 * A real OpenVPN peer with a static key, which knows nothing of our exchange: with `confirm none` it gets our datagrams,
 * from the socket that the policy says, and we get its pings. Without a device it needs no rights.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { PeerConfigInput } from '../../src/config/peer-schema.ts'
import { formatEndpoint } from '../../src/endpoint.ts'
import type { ClientConnection } from '../../src/node/connection.ts'
import { type Peer, createPeer } from '../../src/node/create-peer.ts'
import { type Place, freePlace } from './peer-pairs.ts'

const version = /^OpenVPN (\d+)\.(\d+)/.exec(spawnSync('openvpn', ['--version'], { encoding: 'utf8' }).stdout ?? '')
const because = version ? undefined : 'the openvpn binary is not installed'
if (because !== undefined) console.warn(`SKIPPED, all tests with a real OpenVPN peer: ${because}`)

// From 2.7 on it wants to be told that this is old.
const isOld = Number(version?.[1]) === 2 && Number(version?.[2]) < 7
const OLD_FASHION = ['--cipher', 'AES-256-CBC', ...(isOld ? [] : ['--allow-deprecated-insecure-static-crypto'])]

const PACKET = 'a datagram of ours'

let folder = ''
const children: ChildProcessWithoutNullStreams[] = []
const peers: Peer[] = []
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockchart-peer-'))
  if (because === undefined) execFileSync('openvpn', ['--genkey', 'secret', join(folder, 'static.key')])
})
afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close()))
  for (const child of children.splice(0)) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Pings once a second; `logs` waits for a line with these words. */
function openvpn(...options: readonly string[]) {
  const key = ['--secret', join(folder, 'static.key')]
  const child = spawn('openvpn', ['--dev', 'null', '--verb', '9', '--ping', '1', ...key, ...OLD_FASHION, ...options])
  children.push(child)
  const lines: string[] = []
  const looks = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    for (const look of looks) look()
  })
  const logs = (...words: readonly string[]) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!lines.some((line) => words.every((word) => line.includes(word)))) return
        looks.delete(look)
        resolve()
      }
      looks.add(look)
      look()
    })
  return { logs }
}

function peerOf(config: PeerConfigInput): Peer {
  const peer = createPeer({ ...config, confirm: 'none' })
  peers.push(peer)
  return peer
}

const connected = async (peer: Peer) => ((await once(peer, 'connected')) as [ClientConnection])[0]

const udp = (proto: string, at: Place, remote: Place): string[] => {
  const here = ['--local', at.host, '--lport', String(at.port)]
  return ['--proto', proto, ...here, '--remote', remote.host, String(remote.port)]
}

/** As its log has it. */
const written = ({ host, port }: Place) => `[AF_INET${host.includes(':') ? '6' : ''}]${host}:${port}`

/** What came first, and where we sent an answer from. */
async function exchange(connection: ClientConnection): Promise<{ readonly bytes: number; readonly from: Place }> {
  if (connection.transport === 'tcp') {
    const { socket } = connection
    const coming = once(socket, 'data') as Promise<[Buffer]>
    const { localAddress: host = '', localPort: port = 0 } = socket
    return { bytes: (await coming)[0].length, from: { host, port } }
  }
  const { channel } = connection
  const { value } = await channel.messages[Symbol.asyncIterator]().next()
  // Whoever pings is there.
  await channel.send(Buffer.from(PACKET))
  return { bytes: (value as Uint8Array).length, from: { host: channel.local.address, port: channel.local.port } }
}

describe.skipIf(because !== undefined)(
  `a real OpenVPN peer${because === undefined ? '' : ` (skipped: ${because})`}`,
  () => {
    const families = [
      ['127.0.0.1', '127.0.0.2', 'udp4'],
      ['::1', '::1', 'udp6'],
    ] as const
    const saw = ({ logs }: ReturnType<typeof openvpn>, from: Place) =>
      logs('READ', written(from), Buffer.from(PACKET).toString('hex').slice(0, 8))

    it.each(families)('R5 all: %s hears us from our bound socket, and we its pings', async (one, other, proto) => {
      const [ours, its] = [await freePlace(one), await freePlace(other)]
      const program = openvpn(...udp(proto, its, ours))
      const { bytes, from } = await exchange(
        await connected(peerOf({ mode: 'p2p', sockets: 'all', listen: ours, remotes: [its] })),
      )
      expect(from).toEqual(ours)
      expect(bytes).toBeGreaterThan(PACKET.length)
      await saw(program, ours)
    })

    it.each(families)('R5 pinned: %s', async (one, other, proto) => {
      const [ours, its] = [await freePlace(one), await freePlace(other)]
      const program = openvpn(...udp(proto, its, ours))
      const connection = await connected(peerOf({ mode: 'p2p', sockets: 'pinned', listen: ours, remotes: [its] }))
      expect((await exchange(connection)).from).toEqual(ours)
      await saw(program, ours)
    })

    it.each(families)('R5 roles, who dials: %s hears us from the socket of the attempt', async (one, other, proto) => {
      const [ours, its] = [await freePlace(one), await freePlace(other)]
      const program = openvpn(...udp(proto, its, ours))
      const remotes = [{ ...its, local: ours }]
      const connection = await connected(peerOf({ mode: 'p2p', sockets: 'roles', remotes }))
      expect((await exchange(connection)).from).toEqual(ours)
      await saw(program, ours)
    })

    it.each(families)('R5 roles, who waits: %s is met by its first ping', async (one, other, proto) => {
      const [ours, its] = [await freePlace(one), await freePlace(other)]
      const peer = peerOf({ mode: 'p2p', sockets: 'roles', waits: true, listen: ours })
      const program = openvpn(...udp(proto, its, ours))
      const connection = await connected(peer)
      expect(formatEndpoint(connection.candidate)).toBe(formatEndpoint({ address: its.host, port: its.port }))
      expect((await exchange(connection)).from).toEqual(ours)
      await saw(program, ours)
    })

    it('R5 tcp-client: it takes our connection, and we its pings', async () => {
      const its = await freePlace('127.0.0.1')
      const program = openvpn('--proto', 'tcp4-server', '--local', its.host, '--lport', String(its.port))
      await program.logs('Listening for incoming TCP connection')
      const remotes = [{ ...its, proto: 'tcp' as const }]
      const { bytes, from } = await exchange(await connected(peerOf({ mode: 'p2p', sockets: 'roles', remotes })))
      expect(bytes).toBeGreaterThan(0)
      await program.logs('TCP connection established with', written(from))
    })

    it('R5 tcp-server: it connects to us, and we take its pings', async () => {
      const ours = await freePlace('127.0.0.1')
      const peer = peerOf({ mode: 'p2p', sockets: 'roles', waits: true, listen: { ...ours, proto: 'tcp' } })
      const taking = connected(peer)
      await once(peer, 'note')
      openvpn('--proto', 'tcp4-client', '--remote', ours.host, String(ours.port))
      const { bytes, from } = await exchange(await taking)
      expect(from).toEqual(ours)
      expect(bytes).toBeGreaterThan(0)
    })
  },
)

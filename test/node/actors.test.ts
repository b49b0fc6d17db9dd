import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { createActor, setup, stopChild } from 'xstate'
import type { DialerInput, DialerSays } from '../../src/actors.ts'
import type { Confirmation } from '../../src/config/schema.ts'
import { handlesOf } from '../../src/handles.ts'
import type { Note } from '../../src/ledger.ts'
import { nodeActors } from '../../src/node/actors.ts'
import { nodeClock } from '../../src/node/clock.ts'
import type { DatagramChannel } from '../../src/node/datagram-channel.ts'

const STARVED = fileURLToPath(new URL('starved.js', import.meta.url))
const execute = promisify(execFile)
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** TCP and UDP on loopback; both answer what they hear. */
const peers = {
  tcp: async () => {
    const clients: Socket[] = []
    const server = createServer((client) => {
      clients.push(client)
      client.on('error', () => {}).pipe(client)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(() => {
      server.close()
      for (const client of clients) client.destroy()
    })
    return (server.address() as { port: number }).port
  },
  udp: async () => {
    const socket = createSocket('udp4', (bytes, from) => socket.send(bytes, from.port, from.address))
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    closers.push(() => socket.close())
    return socket.address().port
  },
}

/** One dialer under a parent, as `dial` has it. `on` runs inside the parent's transition. */
function dial(input: DialerInput, on: (said: DialerSays, dialling: Dialling) => void = () => {}) {
  const said: DialerSays[] = []
  const waiting = new Map<string, () => void>()
  const { dialer } = nodeActors()
  const parent = setup({ actors: { dialer } }).createMachine({
    invoke: { src: 'dialer', id: 'dialer', input },
    on: {
      stop: { actions: stopChild('dialer') },
      'attempt.*': {
        actions: ({ event }) => {
          said.push(event as unknown as DialerSays)
          on(event as unknown as DialerSays, dialling)
          waiting.get(event.type)?.()
        },
      },
    },
  })
  const actor = createActor(parent, { clock: nodeClock })
  const dialling = {
    types: () => said.map(({ type }) => type.slice(8)),
    told: (type: DialerSays['type']) => new Promise<void>((resolve) => void waiting.set(type, resolve)),
    accept: (release: boolean) =>
      actor.getSnapshot().children['dialer']?.send({ type: 'attempt.accepted', attempt: input.attempt, release }),
    stop: () => actor.send({ type: 'stop' }),
    handles: handlesOf(actor.system),
    said,
  }
  actor.start()
  return dialling
}
type Dialling = ReturnType<typeof dial>

const input = (transport: 'tcp' | 'udp', port: number, confirmation: Confirmation = { kind: 'none' }): DialerInput => ({
  attempt: 3,
  candidate: { remote: 0, transport, family: 'ipv4', address: '127.0.0.1', port, hops: [] },
  hops: [],
  confirmation,
})
/** What we have open ourselves; the peers' halves are counted before and after. */
const sockets = () =>
  process
    .getActiveResourcesInfo()
    .filter((kind) => kind === 'TCPSocketWrap' || kind === 'UDPWRAP' || kind === 'Timeout')
const descriptors = () => readdirSync('/proc/self/fd').length

describe('nodeActors', () => {
  it.each(['tcp', 'udp'] as const)('%s: walks through its stages and hands the socket over', async (transport) => {
    const dialling = dial(input(transport, await peers[transport]()))
    await dialling.told('attempt.connected')
    expect(dialling.types()).toEqual(['opened', 'connected'])
    expect([...dialling.handles.keys()]).toEqual([3])
    const handle = dialling.handles.get(3)?.handle
    dialling.accept(true)
    dialling.stop()
    if (transport === 'tcp') {
      const socket = handle as Socket
      socket.write('echo')
      expect(String((await once(socket, 'data'))[0])).toBe('echo')
      socket.destroy()
    } else {
      const channel = handle as DatagramChannel
      await channel.send(Buffer.from('echo'))
      for await (const message of channel.messages) {
        expect(String(Buffer.from(message))).toBe('echo')
        break
      }
      channel.close()
    }
    expect(dialling.types()).toEqual(['opened', 'connected'])
  })

  it('confirms by reply, and keeps it as the first message', async () => {
    const dialling = dial(input('udp', await peers.udp(), { kind: 'reply', text: 'knock' }), (said, { accept }) => {
      if (said.type === 'attempt.confirmed') accept(false)
    })
    await dialling.told('attempt.confirmed')
    expect(dialling.types()).toEqual(['opened', 'connected', 'confirmed'])
    const channel = dialling.handles.get(3)?.handle as DatagramChannel
    for await (const message of channel.messages) {
      expect(String(Buffer.from(message))).toBe('knock')
      break
    }
    dialling.stop()
  })

  it('R4 a refusal fails a UDP attempt at the confirmation, and the socket is gone', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    socket.close()
    const dialling = dial(input('udp', port, { kind: 'openvpn' }))
    await dialling.told('attempt.failed')
    expect(dialling.said.at(-1)).toMatchObject({ attempt: 3, failure: { code: 'ECONNREFUSED', stage: 'confirm' } })
    expect(dialling.handles.size).toBe(0)
  })

  it('a TCP peer that echoes our own packet does not confirm it', async () => {
    const dialling = dial(input('tcp', await peers.tcp(), { kind: 'openvpn' }))
    await dialling.told('attempt.failed')
    expect(dialling.said.at(-1)).toMatchObject({ failure: { code: 'BAD_REPLY', stage: 'confirm' } })
  })

  it('takes a socket that was connected to itself for a refusal', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    const dialling = dial({ ...input('tcp', port), local: { address: '127.0.0.1', port } })
    await dialling.told('attempt.failed')
    expect(dialling.said.at(-1)).toMatchObject({ failure: { code: 'SELF_CONNECT', stage: 'connect' } })
    expect(dialling.handles.size).toBe(0)
  })

  it.each(['tcp', 'udp'] as const)(
    '%s: tries again within the attempt when this process has no descriptor',
    async (proto) => {
      const config = { remotes: [{ host: '127.0.0.1', port: await peers[proto](), proto }] }
      const starve = ['-c', 'ulimit -n 512; exec "$0" "$@"', process.execPath, STARVED, JSON.stringify(config)]
      const { stdout } = await execute('sh', starve)
      const notes = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Note)
      const ofAttempts = notes.filter(({ type }) => type.startsWith('attempt.'))
      expect(ofAttempts.map(({ type }) => type)).toEqual([
        'attempt.started',
        'attempt.opened',
        'attempt.connected',
        'attempt.won',
      ])
      // The first pause after a shortage is 100 ms, and by then there are descriptors again.
      expect((ofAttempts[1]?.at ?? 0) - (ofAttempts[0]?.at ?? 0)).toBeGreaterThanOrEqual(100)
    },
  )

  it('fails, not from inside its start, when the exchange cannot be made', async () => {
    const wrap = { kind: 'tls-crypt', key: 'key:1' } as const
    const dialling = dial(input('udp', 1, { kind: 'openvpn', wrap }))
    expect(dialling.types()).toEqual([])
    await dialling.told('attempt.failed')
    expect(dialling.said).toMatchObject([{ type: 'attempt.failed', failure: { code: 'BAD_KEY' } }])
    expect(dialling.handles.size).toBe(0)
  })

  it('a held connection that is lost is told once, and closed', async () => {
    const dialling = dial(input('tcp', await peers.tcp()), (said, { accept }) => {
      if (said.type === 'attempt.connected') accept(false)
    })
    await dialling.told('attempt.connected')
    const socket = dialling.handles.get(3)?.handle as Socket
    socket.destroy()
    await dialling.told('attempt.lost')
    expect(dialling.said.at(-1)).toMatchObject({ failure: { code: 'LOCAL_CLOSE', stage: 'connected' } })
    expect(dialling.handles.size).toBe(0)
  })

  describe.each(['tcp', 'udp'] as const)('%s, stopped', (transport) => {
    it.each(['at once', 'attempt.opened', 'attempt.connected', 'held'] as const)(
      '%s, leaves no socket, no timer and no word',
      async (stage) => {
        const port = await peers[transport]()
        // Over UDP the confirmation is under way when it is stopped, with its resend timer armed.
        const silent: Confirmation = transport === 'udp' && stage !== 'held' ? { kind: 'openvpn' } : { kind: 'none' }
        const [before, openBefore] = [sockets(), descriptors()]
        const dialling = dial(input(transport, port, silent))
        if (stage === 'held') {
          await dialling.told('attempt.connected')
          dialling.accept(false)
        } else if (stage !== 'at once') await dialling.told(stage)
        dialling.stop()
        const told = dialling.types()
        // In the very same instant; the peer has not yet seen a thing, or has accepted at most.
        expect(dialling.handles.size).toBe(0)
        expect(descriptors() - openBefore).toBeLessThanOrEqual(
          transport === 'tcp' && told.includes('connected') ? 1 : 0,
        )
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
        for (const close of closers.splice(0)) close()
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
        expect(dialling.types()).toEqual(told)
        expect(sockets().length).toBeLessThanOrEqual(before.length)
      },
    )
  })
})

import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { descriptorAt } from '../../../src/node/plugins/descriptor.ts'
import { systemd } from '../../../src/node/plugins/systemd.ts'
import { type Activated, activate, fdOf, inodeAt, inodeAtPath, type Passed, tcpAt, udpAt } from './activation.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0).toReversed()) close()
})

function start(activation: Parameters<typeof activate>[0]): Activated {
  const activated = activate(activation)
  closers.push(activated.kill)
  return activated
}

async function held(passed: Promise<Passed>): Promise<Passed> {
  const { close, ...socket } = await passed
  let isOpen = true
  const once = () => {
    if (isOpen) close()
    isOpen = false
  }
  closers.push(once)
  return { ...socket, close: once }
}

async function overTcp(host: string, port: number): Promise<string> {
  const socket = connect({ host, port })
  socket.write('hello')
  try {
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    return bytes.toString()
  } finally {
    socket.destroy()
  }
}

async function overUdp(host: string, port: number): Promise<string> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  closers.push(() => socket.close())
  socket.send('hello', port, host)
  const [bytes] = (await once(socket, 'message')) as [Buffer]
  return bytes.toString()
}

/** Why it did not start; the lines that follow are those of its listeners. */
async function refused(activation: Parameters<typeof activate>[0]): Promise<string | undefined> {
  const { code, message } = await start(activation).line()
  expect(code).toBe('READY_SOCKET')
  return message?.split('\n')[0]
}

describe.skipIf(process.platform !== 'linux')('systemd', () => {
  it('R9 adopts what was passed: TCP and UDP on both families serve their clients', async () => {
    const sockets = [
      await held(tcpAt('127.0.0.1')),
      await held(tcpAt('::1')),
      await held(udpAt('127.0.0.1')),
      await held(udpAt('::1')),
    ]
    const [tcp4, tcp6, udp4, udp6] = sockets.map(({ port }) => port) as [number, number, number, number]
    const inodes = () => [
      inodeAt('tcp', '127.0.0.1', tcp4),
      inodeAt('tcp', '::1', tcp6),
      inodeAt('udp', '127.0.0.1', udp4),
      inodeAt('udp', '::1', udp6),
    ]
    const before = inodes()
    const { line, end } = start({
      sockets,
      config: {
        listen: [
          // In another order than they were passed in.
          { proto: 'udp', host: '::1', port: udp6 },
          { proto: 'tcp', host: '127.0.0.1', port: tcp4 },
          { proto: 'udp', host: '127.0.0.1', port: udp4 },
          { proto: 'tcp', host: '::1', port: tcp6 },
        ],
      },
    })
    expect(await line()).toEqual({
      bound: [
        { family: 'ipv6', address: '::1', port: udp6 },
        { family: 'ipv4', address: '127.0.0.1', port: tcp4 },
        { family: 'ipv4', address: '127.0.0.1', port: udp4 },
        { family: 'ipv6', address: '::1', port: tcp6 },
      ],
      inherited: [],
    })
    // From here on whoever answers is the program that they were passed to.
    for (const { close } of sockets) close()
    await new Promise((resolve) => setImmediate(resolve))
    expect(inodes()).toEqual(before)
    expect(await overTcp('127.0.0.1', tcp4)).toBe('hello')
    expect(await overTcp('::1', tcp6)).toBe('hello')
    expect(await overUdp('127.0.0.1', udp4)).toBe('hello')
    expect(await overUdp('::1', udp6)).toBe('hello')
    end()
    expect(await line(), 'closing the server closes its copy').toEqual({ open: false })
  })

  it('R9 both wildcards of a port, each a socket of its own, are those of a block without a local name', async () => {
    for (const proto of ['tcp', 'udp'] as const) {
      const bind = proto === 'tcp' ? tcpAt : udpAt
      const four = await held(bind('0.0.0.0'))
      const { port } = four
      const six = await held(bind('::', { port }))
      const { line } = start({ sockets: [six, four], config: { listen: [{ proto, port }] } })
      expect((await line()).bound).toEqual([
        { family: 'ipv4', address: '0.0.0.0', port },
        { family: 'ipv6', address: '::', port },
      ])
    }
  })

  it('R9 what was not passed is bound as usual, beside what was', async () => {
    const passed = await held(tcpAt('127.0.0.1'))
    const config = {
      listen: [
        { proto: 'tcp', host: '127.0.0.1', port: passed.port },
        { proto: 'tcp', host: '::1', port: passed.port },
      ],
    } as const
    const { line } = start({ sockets: [passed], config })
    expect((await line()).bound).toHaveLength(2)
    passed.close()
    expect(await overTcp('::1', passed.port)).toBe('hello')
  })

  it('R9 what is meant for another process is left alone, and not inherited further', async () => {
    const passed = await held(tcpAt('127.0.0.1'))
    const config = { listen: [{ proto: 'tcp', host: '127.0.0.2', port: passed.port }] } as const
    const { line } = start({ sockets: [passed], config, env: { LISTEN_PID: '1' } })
    const bound = [{ family: 'ipv4', address: '127.0.0.2', port: passed.port }]
    expect(await line()).toEqual({ bound, inherited: [] })
  })

  it('R9 a socket that no listener wants fails the start, by its name', async () => {
    const sockets = [await held(tcpAt('127.0.0.1')), await held(udpAt('::1')), await held(udpAt('127.0.0.1'))]
    const [tcp, udp] = sockets as [Passed, Passed]
    const why = await refused({
      sockets,
      config: { listen: [{ proto: 'tcp', host: '127.0.0.1', port: tcp.port }] },
      env: { LISTEN_FDNAMES: 'web:dns' },
    })
    expect(why).toBe(`systemd passes [::1]:${udp.port}/udp as fd 4 (dns), and no <listen> block binds it (nor 1 more)`)
  })

  it('R9 the transport, the family and the address have to fit; port 0 is no inherited one', async () => {
    const passed = await held(tcpAt('127.0.0.1'))
    const { port } = passed
    const message = `systemd passes 127.0.0.1:${port}/tcp as fd 3, and no <listen> block binds it`
    for (const listen of [
      { proto: 'udp', host: '127.0.0.1', port },
      { proto: 'tcp', host: '127.0.0.2', port },
      { proto: 'tcp', host: '::1', port },
      { proto: 'tcp', host: '127.0.0.1', port: 0 },
    ] as const)
      expect(await refused({ sockets: [passed], config: { listen: [listen] } }), JSON.stringify(listen)).toBe(message)
  })

  it('R9 a descriptor that is no listening socket is an error that says what it is', async () => {
    const config = { listen: [{ proto: 'tcp', host: '127.0.0.1', port: 0 }] } as const
    const folder = mkdtempSync(join(tmpdir(), 'sockchart-'))
    closers.push(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'socket')
    const unix = createServer().listen(path)
    closers.push(() => unix.close())
    const pass = async (fd: number) => refused({ sockets: [{ fd }], config })
    expect(await pass(fdOf(inodeAtPath(path)))).toBe('systemd passes fd 3, which is a unix socket')
    const file = openSync('/dev/null', 'r')
    closers.push(() => closeSync(file))
    expect(await pass(file)).toBe('systemd passes fd 3, which is no socket but /dev/null')

    const peer = await held(udpAt('127.0.0.1'))
    const udp = createSocket('udp4')
    closers.push(() => udp.close())
    udp.connect(peer.port, '127.0.0.1')
    await once(udp, 'connect')
    const connected = inodeAt('udp', '127.0.0.1', udp.address().port)
    expect(await pass(fdOf(connected))).toBe('systemd passes fd 3, which is a connected UDP socket')
    const tcp = connect({ host: '127.0.0.1', port: (await held(tcpAt('127.0.0.1'))).port })
    closers.push(() => tcp.destroy())
    await once(tcp, 'connect')
    expect(await pass(fdOf(inodeAt('tcp', '127.0.0.1', tcp.localPort as number)))).toBe(
      'systemd passes fd 3, which is a connected TCP socket',
    )
  })

  it('R9 a descriptor that is not there is an error, and so is a number that makes no sense', async () => {
    const config = { listen: [{ proto: 'tcp', host: '127.0.0.1', port: 0 }] } as const
    // Node opens descriptors of its own where there is a gap.
    expect(await refused({ config, env: { LISTEN_FDS: '1600' } })).toMatch(/^systemd passes fd 3, which is no/)
    expect(descriptorAt(1_000_000)).toEqual({ fd: 1_000_000, problem: 'not open' })
    for (const LISTEN_FDS of ['', '-1', '1.5', '1601', '99999', '3 ']) {
      const env = { LISTEN_FDS, LISTEN_PID: '7' }
      expect(systemd({ env, pid: 7 }).ready?.(), LISTEN_FDS).toMatchObject({
        code: 'READY_SOCKET',
        message: `LISTEN_FDS is "${LISTEN_FDS}", and not a number from 0 to 1600`,
      })
      expect(env).toEqual({})
    }
  })

  it('R2 an IPv6 wildcard that takes IPv4 clients, too: the failure of 0.0.0.0 says what to set', async () => {
    for (const proto of ['tcp', 'udp'] as const) {
      const passed = await held((proto === 'tcp' ? tcpAt : udpAt)('::', { ipv6Only: false }))
      const { port } = passed
      const { code, message } = await start({ sockets: [passed], config: { listen: [{ proto, port }] } }).line()
      expect(code).toBe('EADDRINUSE')
      expect(message).toContain(
        `[::]:${port}/${proto} as fd 3, which systemd passes, takes the IPv4 clients of that port, too: ` +
          'set BindIPv6Only=ipv6-only in its .socket unit',
      )
    }
  })

  it('R2 whoever comes over IPv4 to an IPv6 listener that was passed is turned away', async () => {
    const [tcp, udp] = [await held(tcpAt('::', { ipv6Only: false })), await held(udpAt('::', { ipv6Only: false }))]
    const { line } = start({
      sockets: [tcp, udp],
      config: {
        listen: [
          { proto: 'tcp', port: tcp.port, family: 'ipv6' },
          { proto: 'udp', port: udp.port, family: 'ipv6' },
        ],
      },
    })
    expect((await line()).bound).toHaveLength(2)
    tcp.close()
    udp.close()
    await expect(overTcp('127.0.0.1', tcp.port)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(await overTcp('::1', tcp.port)).toBe('hello')
    const stranger = createSocket('udp4')
    closers.push(() => stranger.close())
    const answers: Buffer[] = []
    stranger.on('message', (bytes) => answers.push(bytes)).send('hello', udp.port, '127.0.0.1')
    // Sent later and answered: the stranger's datagram was read before.
    expect(await overUdp('::1', udp.port)).toBe('hello')
    await new Promise((resolve) => setImmediate(resolve))
    expect(answers).toEqual([])
  })

  it('R9 a second start in one process binds itself, and cannot while systemd keeps the port', async () => {
    const passed = await held(udpAt('127.0.0.1'))
    const { port } = passed
    const config = { listen: [{ proto: 'udp', host: '127.0.0.1', port }] } as const
    const { line } = start({ sockets: [passed], config, again: true })
    expect((await line()).bound).toHaveLength(1)
    const { code, message } = await line()
    expect(code).toBe('EADDRINUSE')
    expect(message).toContain(`systemd keeps the port of 127.0.0.1:${port}/udp as fd 3: restart its unit`)
  })
})

const isInstalled = spawnSync('systemd-socket-activate', ['--version']).status === 0
const suffix = isInstalled ? '' : ': skipped, systemd-socket-activate is not installed'

describe.skipIf(!isInstalled)(`the command line under systemd-socket-activate${suffix}`, () => {
  const MAIN = 'dist/src/node/cli/main.js'

  /** Its first client starts it. What it has printed, once it has ended by itself. */
  function activated(port: number, listens: readonly string[], directives: readonly string[]) {
    const command = [process.execPath, MAIN, 'run', '--json', '--echo', '--mode', 'server', ...directives]
    const child = spawn('systemd-socket-activate', [...listens.flatMap((at) => ['-l', at]), ...command])
    closers.push(() => child.kill('SIGKILL'))
    const ended = once(child, 'exit')
    const printed = text(child.stdout)
    const waiting = once(child.stderr, 'data')
    return {
      call: async (host: string) => {
        await waiting
        return overTcp(host, port)
      },
      stop: () => child.kill('SIGTERM'),
      ended: async () => {
        const [code] = (await ended) as [number]
        const lines = (await printed).trim().split('\n')
        return { code, result: JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> }
      },
    }
  }

  async function freePort(): Promise<number> {
    const { port, close } = await tcpAt('127.0.0.1')
    close()
    return port
  }

  it('R9 run --socket-plugin systemd answers the client that started it, on each socket', async () => {
    const port = await freePort()
    const locals = ['--local', '127.0.0.1', `${port}`, 'tcp', '--local', '::1', `${port}`, 'tcp']
    const { call, stop, ended } = activated(
      port,
      [`127.0.0.1:${port}`, `[::1]:${port}`],
      [...locals, '--socket-plugin', 'systemd'],
    )
    expect(await call('127.0.0.1')).toBe('hello')
    expect(await call('::1')).toBe('hello')
    stop()
    expect(await ended()).toMatchObject({ code: 0, result: { outcome: 'listening', counters: { accepted: 2 } } })
  })

  it('R9 without the plugin the port is in use: it is systemd that has it', async () => {
    const port = await freePort()
    const { call, ended } = activated(port, [`127.0.0.1:${port}`], ['--local', '127.0.0.1', `${port}`, 'tcp'])
    await expect(call('127.0.0.1')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(await ended()).toMatchObject({ code: 2, result: { outcome: 'failed', failure: { code: 'EADDRINUSE' } } })
  })

  it('R9 a bare port is both families in one socket: refused, and it says what to set', async () => {
    const port = await freePort()
    const directives = ['--proto', 'tcp', '--port', `${port}`, '--socket-plugin', 'systemd']
    const { call, ended } = activated(port, [`${port}`], directives)
    await expect(call('::1')).rejects.toMatchObject({ code: 'ECONNRESET' })
    const { code, result } = await ended()
    expect(code).toBe(2)
    expect(JSON.stringify(result)).toContain('set BindIPv6Only=ipv6-only in its .socket unit')
  })

  it('R9 a socket that nobody wants: exit code 2, and its name', async () => {
    const [port, other] = [await freePort(), await freePort()]
    const directives = ['--local', '127.0.0.1', `${other}`, 'tcp', '--socket-plugin', 'systemd']
    const { call, ended } = activated(port, [`127.0.0.1:${port}`], directives)
    await expect(call('127.0.0.1')).rejects.toMatchObject({ code: 'ECONNRESET' })
    const message = `systemd passes 127.0.0.1:${port}/tcp as fd 3, and no <listen> block binds it`
    const failure = { code: 'READY_SOCKET', stage: 'bind', message }
    expect(await ended()).toMatchObject({ code: 2, result: { outcome: 'failed', failure } })
  })
})

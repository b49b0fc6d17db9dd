/** `run` of a server in this process, on real sockets of the loopback interface. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, expect, test } from 'vitest'
import { sockchart } from '../../../src/node/cli/sockchart.ts'
import { ResultSchema } from '../../../src/sim/result.ts'
import { type FakeIo, fakeIo } from './fake-io.ts'

const folder = mkdtempSync(join(tmpdir(), 'sockchart-'))
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})
afterAll(() => rmSync(folder, { recursive: true }))

const words = (line: string) => line.split(' ')
const run = (io: FakeIo, ...argv: string[]) => sockchart(['run', ...argv], io)
const TCP = words('--mode server --local 127.0.0.1 0 tcp')
const UDP = words('--mode server --local 127.0.0.1 0 udp')

/** The port of the first socket that is bound, as a line for a person or for a program tells it. */
async function portOf({ stderr, stdout }: FakeIo): Promise<number> {
  for (;;) {
    const told =
      /bound to \w+ 127\.0\.0\.1:(\d+)/.exec(stderr.text) ?? /"listener\.bound".+"port":(\d+)/.exec(stdout.text)
    if (told) return Number(told[1])
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
  closers.push(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** However it ends. */
const gone = (socket: Socket) => new Promise<void>((resolve) => socket.resume().once('close', () => resolve()))

/** A port that somebody else has. */
async function taken(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** Times and ports differ from run to run. */
const normalised = (screen: string) =>
  screen
    .replace(/(127\.0\.0\.1):\d+ */g, '$1:PORT ')
    .replace(/ +\d+(?:\.\d+)? m?s\b/g, ' TIME')
    .replace(/ +(?=\d  why)/g, ' ')

test('R2 R8 --once --json: every note a line, the last one is the result, with what was bound', async () => {
  const io = fakeIo()
  expect(await run(io, '--once', '--json', '--seed', '7', ...TCP, ...words('--local 127.0.0.1 0 udp'))).toBe(0)
  const { lines } = io.stdout
  const result = ResultSchema.parse(lines.at(-1))
  expect(result).toMatchObject({ outcome: 'listening', counters: { accepted: 0 } })
  const listeners = result.listeners ?? []
  expect(listeners.map(({ transport, state, block }) => [block, transport, state])).toEqual([
    [0, 'tcp', 'bound'],
    [1, 'udp', 'bound'],
  ])
  for (const { local } of listeners) expect(local?.port).toBeGreaterThan(0)
  expect(lines[0]).toEqual({ type: 'server.started', at: 0, seed: 7 })
  expect(lines.filter(({ type }) => !String(type).startsWith('listener.')).map(({ type }) => type)).toEqual([
    'server.started',
    'server.listening',
    'server.stopped',
    'result',
  ])
  for (const line of lines) expect(Object.keys(line).slice(0, 2)).toEqual(['type', 'at'])
  expect(io.stderr.text).toBe('')
})

test.each([
  ['plain', undefined],
  ['terminal', 80],
  ['terminal', 200],
])('--once for a person: %s, %s columns', async (how, columns) => {
  const io = fakeIo(columns, { NO_COLOR: '1' })
  expect(await run(io, '--once', ...TCP)).toBe(0)
  expect(io.stdout.text).toBe('')
  const left = io.stderr.text.slice(io.stderr.text.lastIndexOf('\u001B[J') + (columns === undefined ? 1 : 3))
  const golden = `golden/run-server-once-${how}${columns === undefined ? '' : `-${columns}`}.txt`
  await expect(normalised(left)).toMatchFileSnapshot(golden)
})

test.each([undefined, 80, 200])(
  'R8 a start that fails is exit code 2, with every listener: %s columns',
  async (columns) => {
    const port = String(await taken())
    const io = fakeIo(columns, { NO_COLOR: '1' })
    expect(await run(io, ...TCP, '--local', '127.0.0.1', port, 'tcp')).toBe(2)
    const left = io.stderr.text.slice(io.stderr.text.lastIndexOf('\u001B[J') + 1)
    const golden = `golden/run-server-failed-${columns ?? 'plain'}.txt`
    await expect(normalised(left.slice(left.indexOf('  #')))).toMatchFileSnapshot(golden)
    const told = fakeIo()
    expect(await run(told, '--json', ...TCP, '--local', '127.0.0.1', port, 'tcp')).toBe(2)
    const result = ResultSchema.parse(told.stdout.lines.at(-1))
    expect(result).toMatchObject({ outcome: 'failed', failure: { code: 'EADDRINUSE' } })
    expect(result.listeners?.map(({ failure }) => failure?.code)).toEqual(['SIBLING_FAILED', 'EADDRINUSE'])
  },
)

test('--echo sends back what comes, over TCP to the end of input, and over UDP', async () => {
  const io = fakeIo()
  const ended = run(io, '--echo', '--json', ...TCP, ...words('--local 127.0.0.1 0 udp'))
  await io.stdout.until('server.listening')
  const [tcp = 0, udp = 0] = ['tcp', 'udp'].map((transport) => {
    const { listener } = io.stdout.lines.find((line) => line['transport'] === transport) ?? {}
    const bound = io.stdout.lines.find((line) => line['type'] === 'listener.bound' && line['listener'] === listener)
    return (bound as { local?: { port: number } } | undefined)?.local?.port
  })
  const client = await dial(tcp)
  client.end('x'.repeat(1_000_000))
  expect(await text(client)).toBe('x'.repeat(1_000_000))
  const peer = createSocket('udp4')
  closers.push(() => void peer.close())
  peer.send('hello', udp, '127.0.0.1')
  const [bytes] = (await once(peer, 'message')) as [Buffer]
  expect(String(bytes)).toBe('hello')
  io.signals.emit('SIGTERM')
  expect(await ended).toBe(0)
  const { counters, outcome } = ResultSchema.parse(io.stdout.lines.at(-1))
  expect(outcome).toBe('listening')
  expect(counters).toEqual({ accepted: 2, live: 0, refused: 0, dropped: 0, closed: 2 })
})

test('without --echo what comes is forgotten, and an end is answered by an end; who comes and goes is told', async () => {
  const io = fakeIo()
  const ended = run(io, ...TCP)
  const client = await dial(await portOf(io))
  client.end('x'.repeat(1_000_000))
  expect(await text(client)).toBe('')
  await io.stderr.until('client 1: gone')
  expect(io.stderr.text).toMatch(/client 1: 127\.0\.0\.1:\d+, by tcp 127\.0\.0\.1:\d+\n/)
  io.signals.emit('SIGTERM')
  expect(await ended).toBe(0)
  expect(io.stderr.text).toMatch(/\nno clients; 1 accepted, 0 refused, 0 dropped\nstopped\n$/)
})

test('a client that resets hurts nobody', async () => {
  const io = fakeIo()
  const ended = run(io, '--echo', ...TCP)
  const port = await portOf(io)
  const client = await dial(port)
  client.write('x')
  await once(client, 'data')
  client.resetAndDestroy()
  await io.stderr.until('client 1: gone')
  const other = await dial(port)
  other.end('y')
  expect(await text(other)).toBe('y')
  io.signals.emit('SIGTERM')
  expect(await ended).toBe(0)
})

test('who is refused is told, and counted', async () => {
  const io = fakeIo()
  const ended = run(io, '--max-clients', '1', ...TCP)
  const port = await portOf(io)
  const client = await dial(port)
  for (let i = 0; i < 9; i++) await gone(connect({ port, host: '127.0.0.1' }).on('error', () => {}))
  client.end()
  await io.stderr.until('client 1: gone')
  io.signals.emit('SIGTERM')
  expect(await ended).toBe(0)
  expect(io.stderr.text.match(/refused 127/g)).toHaveLength(5)
  expect(io.stderr.text).toContain('and 4 more are refused (MAX_CLIENTS)\n')
  expect(io.stderr.text).toContain('no clients; 1 accepted, 9 refused, 0 dropped\n')
})

test('V8 Ctrl-C lets nobody in and waits for who is there: exit code 130', async () => {
  const io = fakeIo(80, { NO_COLOR: '1' })
  const ended = run(io, ...UDP, ...words('--local 127.0.0.1 0 tcp'))
  await io.stderr.until('listening on 2 sockets')
  const [, port] = /tcp 127\.0\.0\.1:(\d+)/.exec(io.stderr.text.slice(io.stderr.text.lastIndexOf('\u001B[J'))) ?? []
  const client = await dial(Number(port))
  await io.stderr.until('client 1')
  io.signals.emit('SIGINT')
  await io.stderr.until('waiting for one client, 5 s at most; Ctrl-C again closes them at once')
  const late = connect({ port: Number(port), host: '127.0.0.1' })
  const [refused] = (await once(late, 'error')) as [NodeJS.ErrnoException]
  expect(refused.code).toBe('ECONNREFUSED')
  client.end()
  expect(await ended).toBe(130)
  expect(io.exits).toEqual([])
  expect(io.signals.eventNames()).toEqual([])
  expect(io.stderr.listenerCount('resize')).toBe(0)
  const left = normalised(io.stderr.text.slice(io.stderr.text.lastIndexOf('  #')))
  await expect(left).toMatchFileSnapshot('golden/run-server-interrupted-80.txt')
})

test('with nobody there, Ctrl-C waits for nobody', async () => {
  const io = fakeIo()
  const ended = run(io, ...TCP)
  await portOf(io)
  io.signals.emit('SIGINT')
  expect(await ended).toBe(130)
  expect(io.stderr.text).not.toContain('waiting for')
  expect(io.stderr.text).toMatch(/\ninterrupted\n$/)
})

test('a second Ctrl-C ends the process at once; one after SIGTERM closes the clients', async () => {
  const io = fakeIo()
  const ended = run(io, ...TCP)
  const client = await dial(await portOf(io))
  await io.stderr.until('client 1')
  io.signals.emit('SIGTERM')
  await io.stderr.until('waiting for')
  io.signals.emit('SIGINT')
  expect(await ended).toBe(0)
  await gone(client)
  const other = fakeIo()
  const interrupted = run(other, ...TCP)
  await dial(await portOf(other))
  other.signals.emit('SIGINT')
  other.signals.emit('SIGINT')
  expect(other.exits).toEqual([130])
  await interrupted
})

test('SIGHUP reads the file again and binds anew, the same port too; a file with errors changes nothing', async () => {
  const file = join(folder, 'server.ovpn')
  const io = fakeIo()
  writeFileSync(file, 'mode server\nlocal 127.0.0.1 0 tcp\n')
  const ended = run(io, file, '--echo')
  const port = await portOf(io)
  const client = await dial(port)
  await io.stderr.until('client 1')
  writeFileSync(file, 'mode server\nlocal 127.0.0.1 0 tcp\nbogus\n')
  io.signals.emit('SIGHUP')
  await io.stderr.until('the configuration has errors now; going on with what it was')
  writeFileSync(file, `mode server\nlocal 127.0.0.1 ${port} tcp\n`)
  const before = io.stderr.text.length
  io.signals.emit('SIGHUP')
  // The clients of the old life go with it, at once: while it drained, nobody would be let in.
  await gone(client)
  expect(io.stderr.text).not.toContain('waiting for')
  while (!io.stderr.text.slice(before).includes('listening on one socket'))
    await new Promise((done) => setImmediate(done))
  const again = await dial(port)
  again.end('again')
  expect(await text(again)).toBe('again')
  io.signals.emit('SIGTERM')
  expect(await ended).toBe(0)
})

test('SIGHUP does not disturb who is stopping', async () => {
  const io = fakeIo()
  const ended = run(io, ...TCP)
  const client = await dial(await portOf(io))
  await io.stderr.until('client 1')
  io.signals.emit('SIGTERM')
  await io.stderr.until('waiting for')
  io.signals.emit('SIGHUP')
  await new Promise((resolve) => setImmediate(resolve))
  expect(io.stderr.text).not.toContain('starting over')
  client.end()
  expect(await ended).toBe(0)
})

test('SIGHUP may find a client where a server was', async () => {
  const file = join(folder, 'changed.ovpn')
  writeFileSync(file, 'mode server\nlocal 127.0.0.1 0 tcp\n')
  const io = fakeIo()
  const ended = run(io, file, '--no-stdio')
  await portOf(io)
  writeFileSync(file, `client\nproto tcp\nremote 127.0.0.1 ${await taken()}\n`)
  io.signals.emit('SIGHUP')
  await io.stderr.until('attempt 1: connected to')
  io.signals.emit('SIGTERM')
  expect(await ended).toBe(0)
})

test('SIGUSR1 means nothing to a server, and -v says so', async () => {
  const [io, wordy] = [fakeIo(), fakeIo()]
  const ended = [run(io, ...TCP), run(wordy, '-v', ...TCP)]
  for (const one of [io, wordy]) {
    await one.stderr.until('bound to')
    one.signals.emit('SIGUSR1')
    one.signals.emit('SIGTERM')
  }
  expect(await Promise.all(ended)).toEqual([0, 0])
  expect(io.stderr.text).not.toContain('SIGUSR1')
  expect(wordy.stderr.text).toContain('SIGUSR1 means nothing to a server\n')
  expect(wordy.stderr.text).toMatch(/^seed \d+\n/)
})

test('after `fg` a new table is drawn', async () => {
  const io = fakeIo(80, { NO_COLOR: '1' })
  const ended = run(io, ...TCP)
  await io.stderr.until('listening on')
  io.signals.emit('SIGTSTP')
  expect(io.stops()).toBe(1)
  const before = io.stderr.text.length
  io.signals.emit('SIGCONT')
  expect(io.stderr.text.slice(before)).toMatch(/^ {80}\r {2}1 {2}bound .*\nno clients; .*\nlistening on one socket\n$/)
  io.signals.emit('SIGTERM')
  expect(await ended).toBe(0)
})

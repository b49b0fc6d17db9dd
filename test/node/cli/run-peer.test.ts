/** `run` of two peers in this process, on real sockets of the loopback interface. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { sockchart } from '../../../src/node/cli/sockchart.ts'
import { ResultSchema } from '../../../src/sim/result.ts'
import { type FakeIo, fakeIo } from './fake-io.ts'

const folder = mkdtempSync(join(tmpdir(), 'sockchart-'))
afterAll(() => rmSync(folder, { recursive: true }))

const words = (line: string) => line.split(' ')
const run = (io: FakeIo, line: string) => sockchart(['run', ...words(line)], io)

/** A port of 127.0.0.1 and 127.0.0.2 that was free for both transports a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = createSocket('udp4').bind(port, '127.0.0.1')
  await once(socket, 'listening')
  socket.close()
  server.close()
  await once(server, 'close')
  return port
}

type Pair = readonly [string, string]

/** How the two sides of a policy are written. */
const PAIRS = {
  'udp roles': (port: number) => [
    `--proto udp-server --local 127.0.0.1 ${port}`,
    `--proto udp-client --remote 127.0.0.1 ${port} --nobind`,
  ],
  'tcp roles': (port: number) => [
    `--proto tcp-server --local 127.0.0.1 ${port}`,
    `--proto tcp-client --remote 127.0.0.1 ${port}`,
  ],
  all: (port: number) => [
    `--proto udp --port ${port} --local 127.0.0.1 --remote 127.0.0.2 ${port}`,
    `--proto udp --port ${port} --local 127.0.0.2 --remote 127.0.0.1 ${port}`,
  ],
  pinned: (port: number) => [
    `--p2p-sockets pinned --port ${port} --local 127.0.0.1 --remote 127.0.0.2 ${port}`,
    `--p2p-sockets pinned --port ${port} --local 127.0.0.2 --remote 127.0.0.1 ${port}`,
  ],
} satisfies Readonly<Record<string, (port: number) => Pair>>

const pairOf = (name: keyof typeof PAIRS, port: number): Pair => PAIRS[name](port)
const pairs = Object.entries(PAIRS).map(([name, pair]) => ({ name, pair }))

/** Times and ports differ from run to run. */
const normalised = (text: string, port: number) =>
  text
    .replaceAll(`:${port}`, ':GOOD')
    .replace(/(127\.0\.0\.1|0\.0\.0\.0):\d+/g, '$1:PORT')
    .replace(/ *\b\d+(?:\.\d+)? m?s\b/g, ' TIME')
    .replace(/ {2,}/g, '  ')

async function stop(...sides: readonly { io: FakeIo; ended: Promise<number> }[]): Promise<number[]> {
  for (const { io } of sides) io.signals.emit('SIGTERM')
  return Promise.all(sides.map(({ ended }) => ended))
}

async function begin(line: string, columns?: number, ...more: string[]) {
  const io = fakeIo(columns, { NO_COLOR: '1' })
  return { io, ended: run(io, [line, ...more].join(' ')) }
}

test.each(pairs)('R5 $name: standard input and output are joined, both ways', async ({ pair }) => {
  const [one, other] = pair(await freePort())
  const a = await begin(one)
  const b = await begin(other)
  a.io.stdin.write('from a')
  b.io.stdin.write('from b')
  await Promise.all([a.io.stdout.until('from b'), b.io.stdout.until('from a')])
  expect(await stop(a, b)).toEqual([0, 0])
  expect([a.io.stdout.text, b.io.stdout.text]).toEqual(['from b', 'from a'])
  for (const { io } of [a, b]) {
    expect(io.stderr.text).toContain(', and the peer has answered\n')
    expect(io.stderr.text).toMatch(/\nstopped\n$/)
    expect(io.signals.eventNames()).toEqual([])
    expect(io.stdin.isPaused()).toBe(true)
  }
})

test.each(pairs)('R5 $name: --once --json ends both with the first outcome', async ({ pair }) => {
  const [one, other] = pair(await freePort())
  const [a, b] = [await begin(`${one} --once --json --seed 7`), await begin(`${other} --once --json`)]
  expect(await Promise.all([a.ended, b.ended])).toEqual([0, 0])
  const { lines } = a.io.stdout
  expect(lines[0]).toEqual({ type: 'peer.started', at: 0, seed: 7 })
  for (const line of lines) expect(Object.keys(line).slice(0, 2)).toEqual(['type', 'at'])
  const result = ResultSchema.parse(lines.at(-1))
  expect(result).toMatchObject({ outcome: 'connected', listeners: [{ state: 'bound' }] })
  expect(lines.at(-2)).toMatchObject({ type: 'peer.stopped' })
  expect(result.winner?.candidate).toEqual(result.ledger.find(({ outcome }) => outcome === 'won')?.candidate)
  expect(ResultSchema.parse(b.io.stdout.lines.at(-1)).outcome).toBe('connected')
  expect(a.io.stderr.text).toBe('')
})

test.each([undefined, 80, 200])(
  'R5 --once for a person: the sockets, then the attempts (%s columns)',
  async (columns) => {
    const port = await freePort()
    const [one, other] = pairOf('udp roles', port)
    const [a, b] = [await begin(`${one} --once`, columns), await begin(`${other} --once`, columns)]
    expect(await Promise.all([a.ended, b.ended])).toEqual([0, 0])
    for (const [name, { io }] of Object.entries({ waits: a, dials: b })) {
      const left = io.stderr.text.slice(io.stderr.text.lastIndexOf('\u001B[J') + (columns === undefined ? 1 : 3))
      await expect(normalised(left, port)).toMatchFileSnapshot(`golden/run-peer-${name}-${columns ?? 'plain'}.txt`)
    }
  },
)

test('R5 what cannot be bound is exit code 2, with every socket', async () => {
  const taken = createSocket('udp4').bind(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address()
  const io = fakeIo()
  expect(await run(io, `--proto udp-server --local 127.0.0.1 ${port}`)).toBe(2)
  await expect(normalised(io.stderr.text, port)).toMatchFileSnapshot('golden/run-peer-unbound.txt')
  const told = fakeIo()
  expect(await run(told, `--proto udp-server --local 127.0.0.1 ${port} --json`)).toBe(2)
  const result = ResultSchema.parse(told.stdout.lines.at(-1))
  expect(result).toMatchObject({ outcome: 'failed', failure: { code: 'EADDRINUSE' }, listeners: [{ local: null }] })
  taken.close()
})

test('R5 --once makes one round: exit code 2 when nobody is met', async () => {
  const port = await freePort()
  const io = fakeIo()
  const line = `--once --proto tcp-client --remote 127.0.0.1 ${port}`
  expect(await run(io, line)).toBe(2)
  expect(io.stderr.text).toMatch(/nothing could be connected in one round: .+\n$/)
})

test('R5 Ctrl-C ends who waits for nobody: exit code 130', async () => {
  const port = await freePort()
  const { io, ended } = await begin(`--proto udp-server --local 127.0.0.1 ${port}`, 80)
  await io.stderr.until('waiting for the peer')
  io.signals.emit('SIGINT')
  expect(await ended).toBe(130)
  expect(io.exits).toEqual([])
  expect(io.stderr.listenerCount('resize')).toBe(0)
  expect(io.stderr.text).toMatch(/bound +udp 127\.0\.0\.1:\d+\ninterrupted\n$/)
})

test('R5 C1 who was killed is met again, and what is typed then goes to the new connection', async () => {
  const [one, other] = pairOf('tcp roles', await freePort())
  const a = await begin(one)
  const b = await begin(other)
  a.io.stdin.write('first ')
  await b.io.stdout.until('first ')
  await stop(b)
  await a.io.stderr.until('waiting for the peer again')
  const c = await begin(other)
  await c.io.stderr.until('the peer has answered')
  a.io.stdin.write('second')
  await c.io.stdout.until('second')
  expect(await stop(a, c)).toEqual([0, 0])
  expect(a.io.stderr.text).toMatch(/the connection is lost: .*\(CLOSED_BY_PEER\)/)
})

test('R5 over TCP the end of input half-closes: what the other has said still comes, and it waits for the next', async () => {
  const [one, other] = pairOf('tcp roles', await freePort())
  const a = await begin(one)
  const b = await begin(other)
  a.io.stdin.write('x'.repeat(500_000))
  await b.io.stdout.until('x')
  b.io.stdin.end('last words')
  expect(await b.ended).toBe(0)
  expect(b.io.stdout.text).toBe('x'.repeat(500_000))
  expect(b.io.stderr.text).toMatch(/done: the input has ended, and so has the connection\n$/)
  await a.io.stderr.until('waiting for the peer again')
  expect(await stop(a)).toEqual([0])
  expect(a.io.stdout.text).toBe('last words')
})

test('R5 over UDP whose input has ended does not meet again who is lost', async () => {
  const [one, other] = pairOf('udp roles', await freePort())
  const a = await begin(one)
  const b = await begin(`${other} --ping-restart 1`)
  b.io.stdin.end('last words')
  await a.io.stdout.until('last words')
  await stop(a)
  expect(await b.ended).toBe(2)
  expect(b.io.stderr.text).toMatch(/the connection broke after the input had ended: not all of it may have arrived\n$/)
})

test('R5 --no-stdio reads nothing and writes nothing', async () => {
  const [one, other] = pairOf('all', await freePort())
  const a = await begin(one)
  const b = await begin(`${other} --no-stdio`)
  a.io.stdin.write('noise')
  b.io.stdin.write('x')
  await Promise.all([a, b].map(({ io }) => io.stderr.until('the peer has answered')))
  expect(await stop(a, b)).toEqual([0, 0])
  expect([a.io.stdout.text, b.io.stdout.text]).toEqual(['', ''])
  expect(b.io.stdin.readableLength).toBe(1)
})

test('R5 P2 a surplus client is refused, and told of', async () => {
  const port = await freePort()
  const [one, other] = pairOf('tcp roles', port)
  const a = await begin(one)
  const b = await begin(other)
  await b.io.stderr.until('the peer has answered')
  const surplus = connect(port, '127.0.0.1').on('error', () => {})
  await a.io.stderr.until('(ONE_SESSION)')
  surplus.destroy()
  a.io.stdin.write('still here')
  await b.io.stdout.until('still here')
  expect(await stop(a, b)).toEqual([0, 0])
  expect(a.io.stderr.text).toMatch(/refused 127\.0\.0\.1:\d+, by tcp 127\.0\.0\.1:\d+: there is a session already/)
})

test('R5 SIGUSR1 leaves the candidate for the next one', async () => {
  const [port, spare] = [await freePort(), await freePort()]
  const a = await begin(`--proto tcp-server --local 127.0.0.1 ${port}`)
  const c = await begin(`--proto tcp-server --local 127.0.0.1 ${spare}`)
  const b = await begin(`--proto tcp-client --remote 127.0.0.1 ${port} --remote 127.0.0.1 ${spare}`)
  await b.io.stderr.until('attempt 1: connected')
  b.io.signals.emit('SIGUSR1')
  await b.io.stderr.until('attempt 2: connected')
  expect(await stop(a, b, c)).toEqual([0, 0, 0])
  expect(b.io.stderr.text).toContain('the operator asked for the next candidate (NEXT)')
})

test('R5 SIGHUP reads the file again and binds anew; a file with errors changes nothing', async () => {
  const [port, spare] = [await freePort(), await freePort()]
  const file = join(folder, 'peer.conf')
  const write = (at: number, more = '') => writeFileSync(file, `proto udp-server\nlocal 127.0.0.1\nport ${at}\n${more}`)
  write(port)
  const a = await begin(file)
  await a.io.stderr.until(`bound to udp 127.0.0.1:${port}`)
  write(spare, 'bogus\n')
  a.io.signals.emit('SIGHUP')
  await a.io.stderr.until('the configuration has errors now; going on with what it was')
  write(spare)
  a.io.signals.emit('SIGHUP')
  await a.io.stderr.until(`bound to udp 127.0.0.1:${spare}`)
  const b = await begin(`--once --proto udp-client --remote 127.0.0.1 ${spare} --nobind`)
  expect(await b.ended).toBe(0)
  expect(await stop(a)).toEqual([0])
})

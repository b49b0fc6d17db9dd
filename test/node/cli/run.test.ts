/** `run` in this process, on real sockets of the loopback interface. */
import { execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import dns from 'node:dns'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, type Socket, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { sockchart } from '../../../src/node/cli/sockchart.ts'
import { ResultSchema } from '../../../src/sim/result.ts'
import { type FakeIo, fakeIo } from './fake-io.ts'

const folder = mkdtempSync(join(tmpdir(), 'sockchart-'))
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A TCP server; `accepted` has every connection so far. */
async function serve(handle: (socket: Socket, n: number) => void) {
  const accepted: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    handle(socket, accepted.push(socket))
  })
  closers.push(() => {
    server.close()
    for (const socket of accepted) socket.destroy()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { port: (server.address() as AddressInfo).port, accepted }
}

/** A port where nobody listens, of a server that was. */
async function refusing(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const words = (line: string) => line.split(' ')
const tcp = (...ports: number[]) =>
  words(`--client --proto tcp ${ports.map((port) => `--remote 127.0.0.1 ${port}`).join(' ')}`)
const run = (io: FakeIo, ...argv: string[]) => sockchart(['run', ...argv], io)

/** Times and ports differ from run to run. */
const normalised = (text: string, names: Readonly<Record<number, string>>) =>
  Object.entries(names)
    .reduce((sum, [port, name]) => sum.replaceAll(`:${port}`, `:${name}`), text)
    .replace(/ +\d+(?:\.\d+)? m?s\b/g, ' TIME')
    .replace(/(from 127\.0\.0\.1:)\d+/g, '$1PORT')

test('R3 --once --json: every note a line, the last one is the result', async () => {
  const [dead, { port }] = [await refusing(), await serve(() => {})]
  const io = fakeIo()
  expect(await run(io, '--once', '--json', '--seed', '7', ...tcp(dead, port))).toBe(0)
  const { lines } = io.stdout
  const result = ResultSchema.parse(lines.at(-1))
  expect(result).toMatchObject({ outcome: 'connected', winner: { attempt: 2, candidate: { port } } })
  expect(result.ledger.map(({ outcome, failure }) => [outcome, failure?.code])).toEqual([
    ['failed', 'ECONNREFUSED'],
    ['won', undefined],
  ])
  expect(lines.map(({ type }) => type)).toEqual([
    'client.started',
    'round.started',
    'attempt.started',
    'attempt.opened',
    'attempt.failed',
    'attempt.started',
    'attempt.opened',
    'attempt.connected',
    'attempt.won',
    'client.stopped',
    'result',
  ])
  for (const line of lines) expect(Object.keys(line).slice(0, 2)).toEqual(['type', 'at'])
  expect(lines[0]).toMatchObject({ seed: 7 })
  expect(io.stderr.text).toBe('')
})

test.each([
  ['plain', undefined],
  ['terminal', 80],
  ['terminal', 200],
])('--once for a person: %s, %s columns', async (how, columns) => {
  const [dead, { port }] = [await refusing(), await serve(() => {})]
  const io = fakeIo(columns, { NO_COLOR: '1' })
  expect(await run(io, '--once', ...tcp(dead, port))).toBe(0)
  expect(io.stdout.text).toBe('')
  // On a terminal the live table is gone at the end; what is left is the ledger.
  const left = io.stderr.text.slice(io.stderr.text.lastIndexOf('\u001B[J') + (columns === undefined ? 1 : 3))
  const golden = `golden/run-once-${how}${columns === undefined ? '' : `-${columns}`}.txt`
  await expect(normalised(left, { [dead]: 'DEAD', [port]: 'GOOD' })).toMatchFileSnapshot(golden)
})

test('--once makes one round: exit code 2 when nothing can be connected', async () => {
  const dead = await refusing()
  const io = fakeIo()
  expect(await run(io, '--once', ...tcp(dead))).toBe(2)
  await expect(normalised(io.stderr.text, { [dead]: 'DEAD' })).toMatchFileSnapshot('golden/run-failed.txt')
})

test('a program is told of a failure, too', async () => {
  const io = fakeIo()
  expect(await run(io, '--once', '--json', ...tcp(await refusing()))).toBe(2)
  expect(ResultSchema.parse(io.stdout.lines.at(-1))).toMatchObject({
    outcome: 'failed',
    failure: { code: 'EXHAUSTED' },
  })
})

test.each([[[]], [['--json']]])('exit code 1 for a configuration with errors %j', async (more) => {
  const io = fakeIo()
  expect(await run(io, '--client', '--proto', 'tpc', ...more)).toBe(1)
  if (more.length > 0) {
    expect(ResultSchema.parse(io.stdout.lines.at(-1)).failure?.code).toBe('CONFIG')
    for (const line of io.stdout.lines) expect(Object.keys(line).slice(0, 2)).toEqual(['type', 'at'])
  } else await expect(io.stderr.text).toMatchFileSnapshot('golden/run-config.txt')
})

test('R6 exit code 1 when no address of a name fits the local one', async () => {
  vi.spyOn(dns, 'lookup').mockImplementation(((_: string, __: unknown, answer: (...args: unknown[]) => void) => {
    answer(null, [{ address: '2001:db8::6', family: 6 }])
  }) as unknown as typeof dns.lookup)
  const io = fakeIo()
  expect(await run(io, ...words('--client --proto tcp --remote six.test 9 --local 127.0.0.1'))).toBe(1)
  await expect(normalised(io.stderr.text, {})).toMatchFileSnapshot('golden/run-R6.txt')
  vi.restoreAllMocks()
})

test('input and output are joined; the end of input half-closes, the rest still comes, and nobody reconnects', async () => {
  const { port, accepted } = await serve((socket) => {
    let heard = 0
    socket.on('data', (bytes) => (heard += bytes.length))
    // More than any buffer holds, after our end.
    socket.on('end', () => socket.end(`${'x'.repeat(3_000_000)} heard ${heard}`))
  })
  const io = fakeIo()
  const ended = run(io, ...tcp(port, port))
  io.stdin.write('a'.repeat(500_000))
  io.stdin.end('b')
  expect(await ended).toBe(0)
  expect(io.stdout.text).toBe(`${'x'.repeat(3_000_000)} heard 500001`)
  expect(accepted).toHaveLength(1)
  expect(io.stderr.text).not.toContain('attempt 2')
  expect(io.stderr.text).toMatch(/done: the input has ended, and so has the connection\n$/)
})

test('a peer that resets after the end of input ends it, and not as if all were well', async () => {
  const { port, accepted } = await serve((socket) =>
    socket.on('data', () => {}).on('end', () => socket.resetAndDestroy()),
  )
  const io = fakeIo()
  const ended = run(io, ...tcp(port))
  io.stdin.end('x')
  expect(await ended).toBe(2)
  expect(accepted).toHaveLength(1)
  expect(io.stderr.text).not.toContain('round 1 has failed')
  expect(io.stderr.text).toMatch(/the connection broke after the input had ended/)
})

test('so does a refusal of the last datagram', async () => {
  const gone = createSocket('udp4').bind(0, '127.0.0.1')
  await once(gone, 'listening')
  const { port } = gone.address()
  gone.close()
  const io = fakeIo()
  const ended = run(io, '--client', '--confirm', 'none', '--remote', '127.0.0.1', String(port), 'udp')
  io.stdin.end('x')
  expect(await ended).toBe(2)
  expect(io.stderr.text).toMatch(/the connection broke after the input had ended/)
})

test('what is typed after a loss goes to the next connection', async () => {
  const { port } = await serve((socket, n) => {
    socket.write(`hello ${n}\n`)
    socket.on('data', (bytes) => socket.write(`${n}: ${String(bytes)}`))
    if (n === 1) socket.once('data', () => socket.destroySoon())
    socket.on('end', () => socket.end())
  })
  const io = fakeIo()
  const ended = run(io, ...tcp(port, port))
  await io.stdout.until('hello 1')
  io.stdin.write('one\n')
  await io.stdout.until('hello 2')
  io.stdin.write('two\n')
  await io.stdout.until('2: two')
  io.stdin.end()
  expect(await ended).toBe(0)
  expect(io.stdout.text).toBe('hello 1\n1: one\nhello 2\n2: two\n')
})

test('--no-stdio reads nothing and writes nothing', async () => {
  const { port, accepted } = await serve((socket) => socket.resume().write('noise'))
  const io = fakeIo()
  const ended = run(io, '--no-stdio', ...tcp(port))
  io.stdin.write('x')
  await io.stderr.until('connected')
  io.signals.emit('SIGTERM')
  expect(await ended).toBe(0)
  expect(io.stdout.text).toBe('')
  expect(accepted[0]?.bytesRead).toBe(0)
  expect(io.stdin.readableLength).toBe(1)
})

test('UDP: chunks of at most 1,200 bytes are datagrams, answers are written out', async () => {
  const server = createSocket('udp4')
  closers.push(() => server.close())
  server.on('message', (bytes, { port, address }) => server.send(`${bytes.length};`, port, address))
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  const io = fakeIo()
  const argv = words(`--client --confirm reply hello --remote 127.0.0.1 ${server.address().port}`)
  const ended = run(io, ...argv)
  // The reply that confirmed is the first message.
  await io.stdout.until('5;')
  io.stdin.write(Buffer.alloc(3000))
  await io.stdout.until('600;')
  io.stdin.write('ab')
  await io.stdout.until('2;')
  io.signals.emit('SIGINT')
  expect(await ended).toBe(130)
  expect(io.stdout.text).toBe('5;1200;1200;600;2;')
})

test('R4 over UDP without a confirmation, connected is said to be unconfirmed', async () => {
  const server = createSocket('udp4').bind(0, '127.0.0.1')
  closers.push(() => server.close())
  await once(server, 'listening')
  const { port } = server.address()
  const argv = words(`--client --confirm none --once --remote 127.0.0.1 ${port}`)
  const [file, screen, wordy] = [fakeIo(), fakeIo(120, { NO_COLOR: '1' }), fakeIo()]
  expect(await run(file, ...argv)).toBe(0)
  expect(file.stderr.text).toMatch(/connected to .+, unconfirmed: the peer has not answered\n/)
  await run(screen, ...argv)
  expect(screen.stderr.text).toMatch(/^connected to udp .+ ms, unconfirmed$/m)
  await run(wordy, '-v', ...argv)
  expect(wordy.stderr.text).toMatch(/connected to udp .+ ms, unconfirmed\n$/)
})

test('after the openvpn confirmation over TCP the stream is used up: nothing is joined to it', async () => {
  const { port, accepted } = await serve((socket) => {
    socket.once('data', (bytes) => {
      // P_CONTROL_HARD_RESET_SERVER_V2 with an acknowledgement of packet 0 of the client's session.
      const session = bytes.subarray(3, 11)
      const reply = Buffer.concat([
        Buffer.from([0x40]),
        Buffer.alloc(8, 7),
        Buffer.from([1, 0, 0, 0, 0]),
        session,
        Buffer.alloc(4),
      ])
      socket.write(Buffer.concat([Buffer.from([0, reply.length]), reply, Buffer.from('more')]))
    })
  })
  const io = fakeIo()
  const ended = run(io, '--confirm', 'openvpn', ...tcp(port))
  io.stdin.end('not for this stream')
  await io.stderr.until('used the stream up')
  io.signals.emit('SIGTERM')
  expect(await ended).toBe(0)
  expect(io.stdout.text).toBe('')
  expect(accepted).toHaveLength(1)
})

test('Ctrl-C stops cleanly with the ledger; no listener is left', async () => {
  const { port } = await serve(() => {})
  const io = fakeIo(80, { NO_COLOR: '1' })
  const ended = run(io, ...tcp(port))
  await io.stderr.until('connected to')
  io.signals.emit('SIGINT')
  expect(await ended).toBe(130)
  expect(io.exits).toEqual([])
  expect(io.signals.eventNames()).toEqual([])
  expect(io.stderr.listenerCount('resize')).toBe(0)
  expect(io.stdin.isPaused()).toBe(true)
  await expect(
    normalised(io.stderr.text.slice(io.stderr.text.lastIndexOf('  #')), { [port]: 'GOOD' }),
  ).toMatchFileSnapshot('golden/run-interrupted-80.txt')
})

test('a second Ctrl-C ends the process at once', async () => {
  const { port } = await serve(() => {})
  const io = fakeIo()
  const ended = run(io, ...tcp(port))
  await vi.waitUntil(() => io.signals.listenerCount('SIGINT') > 0)
  io.signals.emit('SIGINT')
  io.signals.emit('SIGINT')
  expect(io.exits).toEqual([130])
  await ended
})

test('Ctrl-C ends a pause', async () => {
  const io = fakeIo()
  const ended = run(io, '--connect-retry', '60', ...tcp(await refusing()))
  await io.stderr.until('next round')
  io.signals.emit('SIGINT')
  expect(await ended).toBe(130)
})

test('after `fg` a new table is drawn', async () => {
  const { port } = await serve(() => {})
  const io = fakeIo(80, { NO_COLOR: '1' })
  const ended = run(io, '--no-stdio', ...tcp(port))
  await io.stderr.until('connected to')
  expect(io.signals.emit('SIGTSTP')).toBe(true)
  expect(io.stops()).toBe(1)
  const before = io.stderr.text.length
  expect(io.signals.emit('SIGCONT')).toBe(true)
  expect(io.stderr.text.slice(before)).toMatch(/^ {80}\r {2}1 {2}tcp .* won .*\nconnected to .*\n$/)
  io.signals.emit('SIGTERM')
  expect(await ended).toBe(0)
})

test('SIGUSR1 leaves the candidate for the next one', async () => {
  const [one, two] = [await serve(() => {}), await serve(() => {})]
  const io = fakeIo()
  const ended = run(io, '--no-stdio', ...tcp(one.port, two.port))
  await io.stderr.until('attempt 1: connected')
  io.signals.emit('SIGUSR1')
  await io.stderr.until('attempt 2: connected')
  io.signals.emit('SIGTERM')
  expect(await ended).toBe(0)
  expect(io.stderr.text).toContain('the operator asked for the next candidate (NEXT)')
})

test('SIGHUP reads the file again and starts over; a file with errors changes nothing', async () => {
  const [one, two] = [await serve(() => {}), await serve(() => {})]
  const file = join(folder, 'client.ovpn')
  const write = (port: number, more = '') => writeFileSync(file, `client\nproto tcp\nremote 127.0.0.1 ${port}\n${more}`)
  write(one.port)
  const io = fakeIo()
  const ended = run(io, file, '--no-stdio')
  await io.stderr.until(`connected to tcp 127.0.0.1:${one.port}`)
  write(two.port, 'bogus\n')
  io.signals.emit('SIGHUP')
  await io.stderr.until('the configuration has errors now; going on with what it was')
  write(two.port)
  io.signals.emit('SIGHUP')
  await io.stderr.until(`connected to tcp 127.0.0.1:${two.port}`)
  io.signals.emit('SIGTERM')
  expect(await ended).toBe(0)
  expect(one.accepted).toHaveLength(1)
  expect(io.stderr.text).toMatch(/\nstopped\n$/)
})

test('signals are heard from one life to the next without a gap, and the second Ctrl-C is remembered', async () => {
  const { port, accepted } = await serve(() => {})
  const io = fakeIo()
  const unheard: unknown[] = []
  io.signals.on('removeListener', (signal) => unheard.push(signal))
  const ended = run(io, '--no-stdio', ...tcp(port))
  await io.stderr.until('attempt 1: connected')
  io.signals.emit('SIGHUP')
  while (accepted.length < 2) await new Promise((resolve) => setImmediate(resolve))
  expect(unheard).toEqual([])
  io.signals.emit('SIGHUP')
  io.signals.emit('SIGINT')
  io.signals.emit('SIGINT')
  expect(await ended).toBe(130)
  expect(io.exits).toEqual([130])
})

test('SIGHUP with a configuration that came through a pipe starts over with what was read', async () => {
  const [server, pipe] = [await serve(() => {}), join(folder, 'pipe')]
  execFileSync('mkfifo', [pipe])
  const text = `client\nproto tcp\nremote 127.0.0.1 ${server.port}\n`
  spawn('sh', ['-c', 'printf "$1" > "$2"', 'sh', text, pipe])
  const io = fakeIo()
  const ended = run(io, pipe, '--no-stdio')
  await io.stderr.until('attempt 1: connected')
  io.signals.emit('SIGHUP')
  while (server.accepted.length < 2) await new Promise((resolve) => setImmediate(resolve))
  io.signals.emit('SIGTERM')
  expect(await ended).toBe(0)
  expect(io.stderr.text).toContain(
    `${pipe}: warning[source]: a pipe cannot be read again; what was read the first time counts\nstarting over\n`,
  )
})

test('the result of a run that was connected once: the first outcome, and the ledger of the last rounds', async () => {
  const [{ port }, dead] = [await serve(() => {}), await refusing()]
  const io = fakeIo()
  const ended = run(io, '--json', ...tcp(port, dead))
  await io.stdout.until('attempt.won')
  io.signals.emit('SIGUSR1')
  await io.stdout.until('backoff.started')
  io.signals.emit('SIGTERM')
  expect(await ended).toBe(0)
  const { at, ...result } = ResultSchema.parse(io.stdout.lines.at(-1))
  expect(result).toMatchObject({ type: 'result', outcome: 'connected', winner: { attempt: 1 } })
  expect(result.ledger.map(({ outcome, failure }) => [outcome, failure?.code])).toEqual([
    ['failed', 'NEXT'],
    ['failed', 'ECONNREFUSED'],
  ])
  expect(at).toBeGreaterThanOrEqual(result.atMs)
})

/** The program as it is built, in processes of its own. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { ResultSchema } from '../../../src/sim/result.ts'

const MAIN = 'dist/src/node/cli/main.js'
const START = 'dist/src/node/cli/start.js'

const start = (script: string, ...argv: string[]) => spawn(process.execPath, [script, ...argv])

/** Exit code (or the signal's name) and both outputs. */
async function ended(child: ChildProcessWithoutNullStreams) {
  const [out, err, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null, string | null]>,
  ])
  return { code: code ?? signal, out, err }
}

/** Ports and times differ from run to run. */
const normalised = (text: string) =>
  text
    .replace(/(first|second)(\.demo) \d+/g, '$1$2 PORT')
    .replace(/((?:\[::1\]|127\.0\.0\.[12])):\d+/g, '$1:PORT')
    .replace(/ *\b\d+(?:\.\d+)? m?s\b/g, ' TIME')
    .replace(/ {2,}/g, '  ')

describe.concurrent('the program', () => {
  test('npm start shows the demo, which ends by itself in under 10 s', async ({ expect }) => {
    const begun = performance.now()
    const { code, err, out } = await ended(start(START))
    expect(performance.now() - begun).toBeLessThan(10_000)
    expect({ code, out }).toEqual({ code: 0, out: '' })
    const golden = err.includes('::1') ? 'demo' : 'demo-ipv4'
    await expect(normalised(err)).toMatchFileSnapshot(`golden/${golden}.txt`)
  })

  test('the demo for a program', async ({ expect }) => {
    const { code, out } = await ended(start(MAIN, 'demo', '--json'))
    expect(code).toBe(0)
    const lines = out.trimEnd().split('\n')
    const { outcome, ledger } = ResultSchema.parse(JSON.parse(lines.at(-1) ?? ''))
    expect(outcome).toBe('connected')
    expect(ledger.map(({ failure }) => failure?.code)).toEqual(['TIMEOUT', 'ECONNREFUSED', 'CLOSED_BY_PEER', undefined])
  })

  test('the bin is a script that its shebang runs', ({ expect }) => {
    expect(execFileSync('head', ['-1', MAIN], { encoding: 'utf8' })).toBe('#!/usr/bin/env node\n')
  })

  test('a process signal is a clean stop; one that reads no more ends it quietly', async ({ expect }) => {
    const server = createServer((socket) => void socket.on('error', () => {}).write('hello\n'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const directives = ['--client', '--proto', 'tcp', '--remote', '127.0.0.1', String(port)]

    const interrupted = start(MAIN, 'run', ...directives)
    interrupted.stdout.once('data', () => interrupted.kill('SIGINT'))
    expect(await ended(interrupted)).toMatchObject({ code: 130, out: 'hello\n' })

    const unread = start(MAIN, 'run', '--json', ...directives)
    await once(unread.stdout, 'data')
    unread.stdout.destroy()
    const left = once(unread, 'exit')
    // The next note is what it cannot write.
    unread.kill('SIGUSR1')
    expect(await left).toEqual([0, null])
    server.close()
  })

  test('a server in a process: it binds, is reached, waits for its client when it is stopped, and says how it went', async ({
    expect,
  }) => {
    const child = start(MAIN, 'run', '--json', '--echo', '--mode', 'server', '--local', '127.0.0.1', '0', 'tcp')
    const end = ended(child)
    let out = ''
    child.stdout.on('data', (bytes) => (out += String(bytes)))
    const told = async (part: string) => {
      while (!out.includes(part)) await once(child.stdout, 'data')
    }
    await told('server.listening')
    const port = Number(/"listener\.bound".+"port":(\d+)/.exec(out)?.[1])
    const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    await told('peer.accepted')
    child.kill('SIGINT')
    await told('server.draining')
    client.end('still here')
    expect(await text(client)).toBe('still here')
    const { code, out: all } = await end
    expect(code).toBe(130)
    const result = ResultSchema.parse(JSON.parse(all.trimEnd().split('\n').at(-1) ?? ''))
    expect(result).toMatchObject({ outcome: 'listening', counters: { accepted: 1, live: 0, closed: 1, dropped: 0 } })
  })

  test('R5 C1 a peer that is killed in the middle is met again by the one that is left, and they talk', async ({
    expect,
  }) => {
    const waits = start(MAIN, 'run', '--proto', 'tcp-server', '--local', '127.0.0.1', '--lport', '0')
    const end = ended(waits)
    let told = ''
    waits.stderr.on('data', (bytes) => (told += String(bytes)))
    const until = async (part: string) => {
      while (!told.includes(part)) await once(waits.stderr, 'data')
    }
    await until('bound to')
    const port = /bound to tcp 127\.0\.0\.1:(\d+)/.exec(told)?.[1] ?? ''
    const dial = () => start(MAIN, 'run', '--proto', 'tcp-client', '--remote', '127.0.0.1', port)
    const killed = dial()
    await until('attempt 1: connected')
    killed.kill('SIGKILL')
    await until('waiting for the peer again')
    const next = dial()
    next.stdin.end('here I am')
    expect(await ended(next)).toMatchObject({ code: 0 })
    await until('(CLOSED_BY_PEER)')
    waits.kill('SIGTERM')
    expect(await end).toMatchObject({ code: 0, out: 'here I am' })
  })

  test('signals that come right behind SIGHUP are heard; `-` is standard input', async ({ expect }) => {
    const server = createServer((socket) => void socket.on('error', () => {}))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const child = start(MAIN, 'run', '-', '--json')
    const left = once(child, 'exit')
    let out = ''
    child.stdout.on('data', (bytes) => (out += String(bytes)))
    const told = async (part: string) => {
      while (!out.includes(part)) await once(child.stdout, 'data')
    }
    child.stdin.end(`client\nproto tcp\n${`remote 127.0.0.1 ${port}\n`.repeat(2)}`)
    await told('attempt.won')
    child.kill('SIGHUP')
    child.kill('SIGUSR1')
    await told('"NEXT"')
    child.kill('SIGHUP')
    child.kill('SIGTERM')
    expect(await left).toEqual([0, null])
    server.close()
  })

  test.each(['SIGTERM', 'SIGHUP'] as const)('%s ends the demo cleanly', async (signal) => {
    const child = start(MAIN, 'demo')
    child.stderr.once('data', () => child.kill(signal))
    const { code, err } = await ended(child)
    expect(code).toBe(130)
    expect(err).toMatch(/\ninterrupted\n$/)
  })
})

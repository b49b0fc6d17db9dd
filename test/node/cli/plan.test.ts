import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, expect, test, vi } from 'vitest'
import { sockchart } from '../../../src/node/cli/sockchart.ts'
import { fakeIo } from './fake-io.ts'

type Answer = readonly string[] | { readonly code: string } | 'silent'

/** Look-ups without an answer keep a slot of the process until they end. */
const hanging: (() => void)[] = []

/** The system's resolver, scripted; returns what was asked. */
function script(names: Readonly<Record<string, Answer>>): string[] {
  const asked: string[] = []
  vi.spyOn(dns, 'lookup').mockImplementation(((host: string, _: unknown, answer: (...args: unknown[]) => void) => {
    asked.push(host)
    const found = names[host] ?? { code: 'ENOTFOUND' }
    if (found === 'silent') return void hanging.push(() => answer(new Error('late'), []))
    if ('code' in found) answer(Object.assign(new Error(found.code), found))
    else
      answer(
        null,
        found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )
  }) as unknown as typeof dns.lookup)
  return asked
}

afterEach(async () => {
  vi.restoreAllMocks()
  syncBuiltinESMExports()
  for (const end of hanging.splice(0)) end()
  await setImmediate()
})

const NAMES = {
  'vpn.test': ['2001:db8::1', '198.51.100.1', '224.0.0.1'],
  'six.test': ['2001:db8::6'],
  'slow.test': 'silent',
} as const

const INTERFACES = {
  eth0: ['192.0.2.7', '192.0.2.8', '2001:db8::7'].map((address) => ({
    address,
    netmask: '',
    mac: '00:00:00:00:00:00',
    internal: false,
    cidr: null,
    ...(address.includes(':') ? { family: 'IPv6' as const, scopeid: 0 } : { family: 'IPv4' as const }),
  })),
}

const EVERYTHING =
  'plan --client --remote vpn.test 1194 --remote gone.test 443 tcp --remote 192.0.2.7 --bind --lport 0 --connect-timeout 7'

test.each([
  ['success', EVERYTHING, 0],
  ['local', 'plan --client --proto tcp --remote vpn.test 443 --remote six.test --local 192.0.2.1 --lport 5000', 0],
  ['R6', 'plan --client --proto tcp --remote six.test 443 --local 192.0.2.1', 1],
  ['nothing', 'plan --client --remote gone.test', 2],
  ['issues', 'plan --client --proto tpc --remote vpn.test', 1],
  ['racing', 'plan --client --remote vpn.test --pacing newest --confirm reply hi', 0],
  ['slow', 'plan --client --remote slow.test --resolve-timeout 1', 2],
  ['hops', 'plan --client --proto tcp --remote far.test 443 --socks-proxy vpn.test --socks-proxy 192.0.2.1 9050', 0],
  ['hops-gone', 'plan --client --proto tcp --remote far.test 443 --socks-proxy gone.test', 2],
  ['unloaded', 'plan --client --remote vpn.test --socket-plugin ./far.mjs --far-proxy 192.0.2.1', 2],
  [
    'unloaded-hops',
    'plan --client --proto tcp --remote vpn.test 443 --remote 192.0.2.9 --http-proxy 192.0.2.1 80 --socket-plugin ./far.mjs',
    2,
  ],
])('plan: %s', async (name, line, code) => {
  script(NAMES)
  for (const [columns, how] of [
    [80, 'plain'],
    [200, 'colour'],
  ] as const) {
    const io = fakeIo(columns, how === 'plain' ? { NO_COLOR: '1' } : {})
    expect(await sockchart(line.split(' '), io)).toBe(code)
    await expect(io.stdout.text + io.stderr.text).toMatchFileSnapshot(`golden/plan-${name}-${columns}-${how}.txt`)
  }
  const io = fakeIo()
  expect(await sockchart([...line.split(' '), '--json', '--seed', '1'], io)).toBe(code)
  const { lines } = io.stdout
  expect(lines.at(-1)).toMatchObject({ type: 'result', outcome: code === 0 ? 'planned' : 'failed' })
  await expect(io.stdout.text).toMatchFileSnapshot(`golden/plan-${name}.jsonl`)
})

const SERVER = 'test/node/cli/configs/server.ovpn'

test.each([
  [
    'server',
    'plan --mode server --local vpn.test 443 tcp --local * 1194 udp --local 192.0.2.7 0 tcp --bind-policy any',
    0,
  ],
  ['server-multihome', 'plan --mode server --proto udp --multihome', 0],
  ['server-clash', 'plan --mode server --proto tcp --local vpn.test --local six.test --local 198.51.100.1', 2],
  ['server-gone', 'plan --mode server --proto tcp --local gone.test --local 192.0.2.1', 2],
  ['server-half', 'plan --mode server --proto tcp --local gone.test --local 192.0.2.1 --bind-policy any', 0],
  ['server-nothing', 'plan --mode server --proto tcp --local six.test --ipv4 --bind-policy any', 2],
  ['server-file', `plan ${SERVER} --local 192.0.2.1`, 2],
])('R2 R8 plan: %s', async (name, line, code) => {
  script({ ...NAMES, 'six.test': ['2001:db8::1'] })
  vi.spyOn(os, 'networkInterfaces').mockReturnValue(INTERFACES)
  syncBuiltinESMExports()
  for (const [columns, how] of [
    [80, 'plain'],
    [200, 'colour'],
  ] as const) {
    const io = fakeIo(columns, how === 'plain' ? { NO_COLOR: '1' } : {})
    expect(await sockchart(line.split(' '), io)).toBe(code)
    await expect(io.stdout.text + io.stderr.text).toMatchFileSnapshot(`golden/plan-${name}-${columns}-${how}.txt`)
  }
  const narrow = fakeIo(40, { NO_COLOR: '1' })
  await sockchart(line.split(' '), narrow)
  for (const row of narrow.stdout.text.split('\n')) expect(row.length).toBeLessThanOrEqual(40)
  const io = fakeIo()
  expect(await sockchart([...line.split(' '), '--json'], io)).toBe(code)
  expect(io.stdout.lines.at(-1)).toMatchObject({ type: 'result', outcome: code === 0 ? 'planned' : 'failed' })
  await expect(io.stdout.text).toMatchFileSnapshot(`golden/plan-${name}.jsonl`)
})

test.each([
  ['peer-all', 'plan --proto udp --remote vpn.test --remote 192.0.2.9 4000 --keepalive 10 60', 0],
  ['peer-waits', 'plan --proto udp-server --local vpn.test 443 --float', 0],
  ['peer-of-these', 'plan --proto tcp-server --lport 0 --remote 192.0.2.9 --remote 2001:db8::9', 0],
  ['peer-filter-float', 'plan --proto udp-server --remote 192.0.2.9 --float --confirm none --ipv4', 0],
  ['peer-dials', 'plan --proto udp-client --nobind --remote vpn.test --remote six.test 443 tcp-client', 0],
  ['peer-pinned', 'plan --p2p-sockets pinned --local 192.0.2.7 --remote 192.0.2.9', 0],
  ['peer-gone', 'plan --proto udp --local gone.test --remote gone.test', 2],
  ['peer-unfound', 'plan --proto udp --remote gone.test', 2],
  ['peer-R6', 'plan --proto udp --local 192.0.2.7 --remote six.test', 1],
])('R5 plan: %s', async (name, line, code) => {
  script(NAMES)
  for (const [columns, how] of [
    [80, 'plain'],
    [200, 'colour'],
  ] as const) {
    const io = fakeIo(columns, how === 'plain' ? { NO_COLOR: '1' } : {})
    expect(await sockchart(line.split(' '), io)).toBe(code)
    await expect(io.stdout.text + io.stderr.text).toMatchFileSnapshot(`golden/plan-${name}-${columns}-${how}.txt`)
    for (const row of io.stdout.text.split('\n'))
      expect(stripVTControlCharacters(row).length).toBeLessThanOrEqual(columns)
  }
  const io = fakeIo()
  expect(await sockchart([...line.split(' '), '--json', '--seed', '1'], io)).toBe(code)
  expect(io.stdout.lines.filter(({ type }) => type === 'result')).toHaveLength(1)
  expect(io.stdout.lines.at(-1)).toMatchObject({ type: 'result', outcome: code === 0 ? 'planned' : 'failed' })
  await expect(io.stdout.text).toMatchFileSnapshot(`golden/plan-${name}.jsonl`)
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])(
  '%s ends it while a look-up hangs, and asks nothing more',
  async (signal) => {
    const asked = script(NAMES)
    const io = fakeIo()
    const ended = sockchart('plan --client --remote slow.test --remote vpn.test'.split(' '), io)
    expect(io.signals.emit(signal)).toBe(true)
    expect(await ended).toBe(130)
    expect(io.stderr.text).toBe('interrupted\n')
    expect(asked).toEqual(['slow.test'])
    expect(io.signals.eventNames()).toEqual([])
  },
)

test('remote-random: the order is said to be drawn, and the seed draws it again', async () => {
  script(NAMES)
  const remotes = Array.from({ length: 9 }, (_, n) => `--remote 192.0.2.${n + 1}`).join(' ')
  const planned = async (...more: string[]) => {
    const io = fakeIo()
    await sockchart([...`plan --client --remote-random ${remotes}`.split(' '), ...more], io)
    return io.stdout.text
  }
  const first = await planned()
  const [, seed = ''] =
    /^the order of the remotes is drawn, from seed (\d+); --seed \1 draws the same again$/m.exec(first) ?? []
  expect(await planned('--seed', seed)).toBe(first)
  const orders = [await planned('--seed', '1'), await planned('--seed', '2')].map((text) =>
    text.replace(/^the .*/m, ''),
  )
  expect(orders[0]).not.toBe(orders[1])
})

test.each([
  ['--remote-random-hostname', 'the labels before the names are drawn, from seed 7'],
  ['--remote-random-hostname --remote-random', 'the order of the remotes and the labels before their names are drawn'],
])('what else is drawn is said, too: %s', async (line, sentence) => {
  script(NAMES)
  const io = fakeIo()
  await sockchart(`plan --client --remote vpn.test --seed 7 ${line}`.split(' '), io)
  expect(io.stdout.text).toContain(sentence)
})

test('no label is drawn for names that hops are told', async () => {
  script(NAMES)
  const io = fakeIo()
  const line = '--proto tcp --socks-proxy 192.0.2.1 --remote-random-hostname'
  await sockchart(`plan --client --remote vpn.test --seed 7 ${line}`.split(' '), io)
  expect(io.stdout.text).not.toContain('drawn')
  expect(io.stderr.text).toContain('no label is put before vpn.test')
})

test('remote-random-hostname asks for a name behind a random label, of the seed', async () => {
  const asked = script(NAMES)
  const line = 'plan --client --remote vpn.test --remote-random-hostname --seed 3'
  await sockchart(line.split(' '), fakeIo())
  await sockchart(line.split(' '), fakeIo())
  expect(asked[0]).toMatch(/^[0-9a-f]{12}\.vpn\.test$/)
  expect(asked[1]).toBe(asked[0])
})

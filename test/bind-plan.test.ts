import { expect, test } from 'vitest'
import { makeBindPlan } from '../src/bind-plan.ts'
import { ServerSchema } from '../src/config/server-schema.ts'
import { failure } from '../src/failure.ts'

const config = ServerSchema.parse({
  listen: [
    { proto: 'udp' },
    { proto: 'tcp', host: 'vpn.test', port: 443, family: 'ipv6' },
    { proto: 'tcp', host: 'gone.test' },
    { proto: 'udp', host: 'four.test', family: 'ipv6' },
  ],
})
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'vpn.test': ['2001:db8::1', '198.51.100.1'],
  'four.test': ['198.51.100.4'],
}
const gone = failure('ENOTFOUND', 'resolve')

test('R2 R8 shows every socket of every block, what is skipped, what failed and what warns', async () => {
  const asked: unknown[] = []
  const plan = await makeBindPlan(config, ['198.51.100.1', '198.51.100.2'], async (lookup) => {
    asked.push(lookup)
    return NAMES[lookup.host] ?? gone
  })
  expect(asked).toEqual([
    { block: 1, host: 'vpn.test', transport: 'tcp', families: ['ipv6'] },
    { block: 2, host: 'gone.test', transport: 'tcp', families: ['ipv4', 'ipv6'] },
    { block: 3, host: 'four.test', transport: 'udp', families: ['ipv6'] },
  ])
  expect(plan.map(({ sockets }) => sockets.map(({ kind, address, port }) => `${kind} ${address} ${port}`))).toEqual([
    ['wildcard 0.0.0.0 1194', 'wildcard :: 1194'],
    ['named 2001:db8::1 443'],
    [],
    [],
  ])
  expect(plan.map(({ skipped }) => skipped.map((skip) => skip.failure.code))).toEqual([
    [],
    ['LOCAL_FAMILY'],
    [],
    ['LOCAL_FAMILY'],
  ])
  expect(plan.map((block) => block.failure?.code)).toEqual([undefined, undefined, 'ENOTFOUND', 'NO_ADDRESS'])
  expect(plan.map(({ warning }) => warning !== undefined)).toEqual([true, false, false, false])
})

test('R8 what names stand for may be taken by an earlier block, and then says so', async () => {
  const { listen, ...globals } = ServerSchema.parse({
    listen: [
      { proto: 'udp', host: 'vpn.test' },
      { proto: 'udp', host: 'same.test' },
      { proto: 'tcp', host: 'same.test' },
      { proto: 'udp', host: 'same.test', port: 443 },
      { proto: 'udp', family: 'ipv6' },
      { proto: 'udp', port: 0, family: 'ipv4' },
      { proto: 'udp', port: 0, family: 'ipv4' },
    ],
  })
  const answers: Readonly<Record<string, readonly string[]>> = {
    'vpn.test': ['2001:db8::1', '198.51.100.1'],
    'same.test': ['198.51.100.1', '198.51.100.2'],
  }
  const plan = await makeBindPlan({ listen, ...globals }, [], async ({ host }) => answers[host] ?? gone)
  expect(plan.map(({ sockets }) => sockets.map(({ failure: why }) => why?.message))).toEqual([
    [undefined, undefined],
    ['block 1 binds 198.51.100.1:1194', undefined],
    [undefined, undefined],
    [undefined, undefined],
    ['block 1 binds [2001:db8::1]:1194'],
    [undefined],
    [undefined],
  ])
  expect(plan[1]?.sockets[0]?.failure).toMatchObject({ code: 'BIND_CLASH', stage: 'plan' })
  const [first, wild] = [{ proto: 'udp' as const }, { proto: 'udp' as const, host: 'same.test' }]
  const swapped = await makeBindPlan(ServerSchema.parse({ listen: [first, wild] }), [], async () => ['198.51.100.2'])
  expect(swapped[1]?.sockets[0]?.failure?.message).toBe('block 1 binds 0.0.0.0:1194')
})

/**
 * The scenarios on real sockets: the same events in the same order at the same scripted times, the same winner, the same
 * codes. Only the local ends are the kernel's to choose. On loopback; in a network namespace, where `namespace.test.ts`
 * runs this file again, at the scripted addresses themselves.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type Catalogued, catalogue } from '../scenarios/catalogue.ts'
import { type BlackHole, openBlackHole } from './black-hole.ts'
import { type Places, loopbackPlaces, namespacePlaces } from './places.ts'
import { play, playInRealTime } from './play.ts'

const isNamespace = process.env['SOCKCHART_TWIN'] === 'namespace'
const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ family }) => family === 'IPv6'))

/** What real sockets cannot be brought to do, and why. */
const VIRTUAL_ONLY: Readonly<Record<string, string>> = {
  'bind/in-use-in-ipv4':
    'net.Socket binds "::" for both families and cannot be told otherwise, so a taken 0.0.0.0 takes it along',
}

/** Neither twin chooses its own ports below this; what is bound on purpose is. */
const CHOSEN_BELOW = 32_768

/** A bound end is the script's; what the system chose, each twin chooses for itself. */
function withoutLocalEnds(line: string): string {
  return line
    .replace(/ connected from \S+$/, ' connected')
    .replace(/:(\d+)$/, (end, port: string) => (Number(port) < CHOSEN_BELOW ? end : ':any'))
}

let hole: BlackHole
let places: () => Places
beforeAll(async () => {
  hole = await openBlackHole(hasIpv6 ? ['ipv4', 'ipv6'] : ['ipv4'])
  const inNamespace = namespacePlaces()
  places = isNamespace ? () => inNamespace : () => loopbackPlaces(hole)
})
afterAll(() => hole.close())

test('the black hole neither accepts nor refuses', async () => {
  const { address: host, port } = hole.of('ipv4')
  const socket = connect({ host, port })
  const heard = new Promise((resolve) => socket.on('connect', resolve).on('error', resolve))
  const silence = new Promise((resolve) => setTimeout(() => resolve('silence'), 150))
  expect(await Promise.race([heard, silence])).toBe('silence')
  socket.destroy()
})

function obstacleTo({ name, trace }: Catalogued): string | undefined {
  const needsIpv6 = /attempt \d+ ... \[/.test(trace.join())
  return VIRTUAL_ONLY[name] ?? (needsIpv6 && !hasIpv6 ? 'this host has no IPv6' : undefined)
}

describe('scenarios on real sockets', () => {
  for (const one of catalogue()) {
    const { name, title, scenario, trace } = one
    const obstacle = obstacleTo(one)
    const suffix = obstacle === undefined ? '' : `: on the virtual network only, since ${obstacle}`
    test.skipIf(obstacle !== undefined)(`${title} (${name})${suffix}`, async () => {
      const played = await play(scenario, places())
      expect(played.map(withoutLocalEnds)).toEqual(trace.map(withoutLocalEnds))
    })
  }

  test('leaves out only what the table names, and prints it', () => {
    const names = catalogue().map(({ name }) => name)
    const table = Object.entries(VIRTUAL_ONLY)
    for (const [name, reason] of table) console.info(`virtual network only: ${name}: ${reason}`)
    expect(names).toEqual(expect.arrayContaining(table.map(([name]) => name)))
    expect(names.length - table.length).toBeGreaterThanOrEqual(60)
  })
})

/** What is over so soon, ms, is played in real time as well. */
const SOON = 1500

/** Left out is what depends on which of two independent things is first: a race, and a script from outside. */
const isCausal = ({ name, scenario }: Catalogued) => scenario.timeline.length === 0 && !name.startsWith('pacing/')
const isSoon = ({ trace }: Catalogued) => Number.parseInt(trace.at(-1) ?? '', 10) <= SOON

const untimed = (line: string) => withoutLocalEnds(line).replace(/^ *\d+ /, '')

describe.skipIf(isNamespace)('scenarios on real sockets and in real time, in order', () => {
  const scenarios = catalogue().filter((one) => isCausal(one) && isSoon(one) && obstacleTo(one) === undefined)
  let plays: readonly PromiseSettledResult<readonly string[]>[] = []
  // All at once: they mostly wait.
  beforeAll(async () => {
    plays = await Promise.allSettled(
      scenarios.map(({ scenario, trace }) => playInRealTime(scenario, loopbackPlaces(hole), trace.length)),
    )
  })

  for (const [index, { name, title, trace }] of scenarios.entries())
    test(`${title} (${name})`, () => {
      const play = plays[index]
      if (play?.status === 'rejected') throw play.reason
      expect(play?.value.map(untimed)).toEqual(trace.map(untimed))
    })
})

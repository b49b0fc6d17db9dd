/**
 * The scenarios of two peers on real sockets: what each side does, and when, and what its program receives, is what it
 * is on the virtual network, to the scripted millisecond. On loopback only: in one namespace two peers cannot both be
 * bound to the wildcards of the scripted port.
 */
import { networkInterfaces } from 'node:os'
import { describe, expect, test, vi } from 'vitest'
import { runScenario } from '../../src/sim/run-scenario.ts'
import { type Catalogued, peerCatalogue, story } from '../scenarios/catalogue.ts'
import { playPeers, scriptedIdentity } from './play-peers.ts'

vi.mock(import('../../src/node/identity.ts'), () => ({ newIdentity: (passive) => scriptedIdentity(passive) }))

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ family }) => family === 'IPv6'))

const NO_LINK = 'the kernel hands TCP over itself, and nothing between its sockets can take a scripted time'

/** What real sockets cannot be brought to do, and why. */
const VIRTUAL_ONLY: Readonly<Record<string, string>> = {
  'peer/tcp/dead-link': NO_LINK,
  'peer/tcp/mute-stranger': NO_LINK,
  'peer/tcp/not-there-yet': NO_LINK,
  'peer/tcp/reset': NO_LINK,
  'peer/tcp/restart': NO_LINK,
  'peer/tcp/roles': NO_LINK,
  'peer/tcp/stranger': NO_LINK,
  'peer/tcp/surplus': NO_LINK,
}

/** What is said in the kernel's stead. */
const STAND_INS: Readonly<Record<string, string>> = {
  // A kernel that lacks a family is another kernel.
  'peer/families/no-ipv6': 'EAFNOSUPPORT',
  // Loopback always leads somewhere.
  'peer/families/no-route': 'ENETUNREACH',
}

function obstacleTo({ name, trace }: Catalogued): string | undefined {
  return VIRTUAL_ONLY[name] ?? (!hasIpv6 && trace.join().includes('[') ? 'this host has no IPv6' : undefined)
}

describe('scenarios of peers on real sockets', () => {
  for (const one of peerCatalogue()) {
    const { name, title, scenario, outcome, trace } = one
    const obstacle = obstacleTo(one)
    const suffix = obstacle === undefined ? '' : `: on the virtual network only, since ${obstacle}`
    test.skipIf(obstacle !== undefined)(`${title} (${name})${suffix}`, async () => {
      const { result, standIns } = await playPeers(scenario)
      expect(story(result)).toEqual([outcome, ...trace])
      expect(result).toEqual(runScenario(scenario))
      expect(standIns).toEqual(name in STAND_INS ? [STAND_INS[name]] : [])
    })
  }

  test('leaves out, and says in the stead of the kernel, only what the tables name', () => {
    const names = peerCatalogue().map(({ name }) => name)
    for (const [name, reason] of Object.entries(VIRTUAL_ONLY)) console.info(`virtual network only: ${name}: ${reason}`)
    for (const [name, code] of Object.entries(STAND_INS)) console.info(`in the kernel's stead: ${name}: ${code}`)
    expect(names).toEqual(expect.arrayContaining([...Object.keys(VIRTUAL_ONLY), ...Object.keys(STAND_INS)]))
    expect(names.length - Object.keys(VIRTUAL_ONLY).length).toBeGreaterThanOrEqual(60)
  })
})

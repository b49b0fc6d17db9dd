/**
 * The servers' scenarios on real sockets, on loopback: the same events in the same order at the same scripted times, the
 * same listeners and the same clients as on the virtual network, and as many answers.
 */
import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { runScenario } from '../../src/sim/run-scenario.ts'
import { serverCatalogue } from '../scenarios/catalogue.ts'
import { playServer } from './play-server.ts'

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ family }) => family === 'IPv6'))

describe('scenarios of servers on real sockets', () => {
  for (const { name, title, scenario, trace } of serverCatalogue()) {
    const obstacle = !hasIpv6 && trace.join().includes('[') ? ': skipped, this host has no IPv6' : ''
    test.skipIf(obstacle !== '')(`${title} (${name})${obstacle}`, async () => {
      const { listeners, counters, sent } = runScenario(scenario)
      expect(await playServer(scenario)).toEqual({ trace, listeners, counters, sent })
    })
  }
})

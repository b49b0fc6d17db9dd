/**
 * The servers' scenarios on real sockets: the same events in the same order at the same scripted times, the same
 * listeners, clients and outcome, and as many answers. On loopback; in a network namespace, where `namespace.test.ts`
 * runs this file again, at the scripted addresses themselves.
 */
import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { runScenario } from '../../src/sim/run-scenario.ts'
import { outcomeLine, serverCatalogue } from '../scenarios/catalogue.ts'
import { hostGround, namespaceGround } from './grounds.ts'
import { playServer } from './play-server.ts'

const isNamespace = process.env['SOCKCHART_TWIN'] === 'namespace'
const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ family }) => family === 'IPv6'))

/** What is said in the kernel's stead, and why: there the bind fails for a port that is taken. */
const WHY: Readonly<Record<string, string>> = {
  EACCES: 'who runs this may have privileges; in the namespace nobody has',
  EADDRINUSE: 'a system that has no port left cannot be had',
  EADDRNOTAVAIL: 'Linux binds a wildcard even where IPv6 is disabled',
  EAFNOSUPPORT: 'a kernel that lacks a family is another kernel',
  EMFILE: "a shortage would be the test's as well",
  ENFILE: "a shortage would be the whole machine's",
  ENOBUFS: "a shortage would be the whole machine's",
}

const ON_THE_HOST: Readonly<Record<string, readonly string[]>> = {
  'server/binding/any-nothing': ['EACCES'],
  'server/binding/forbidden': ['EACCES'],
  'server/binding/forbidden-at-first': ['EACCES'],
  'server/life/never-bound': ['EACCES'],
  'server/stop/escalated': ['EACCES'],
}

const STAND_INS: Readonly<Record<string, readonly string[]>> = {
  'server/binding/shortage': ['EMFILE'],
  'server/binding/shortage-for-ever': ['ENOBUFS'],
  'server/life/escalation': ['EADDRNOTAVAIL'],
  'server/port-0/bound-again-one-by-one': ['EADDRINUSE', 'EMFILE'],
  'server/port-0/no-ipv6': ['EAFNOSUPPORT'],
  'server/port-0/none-left': ['EADDRINUSE'],
  'server/stop/port-0': ['ENFILE'],
  'server/stop/shortage': ['EMFILE'],
  'server/wildcards/disabled': ['EADDRNOTAVAIL'],
  'server/wildcards/forced-and-missing': ['EAFNOSUPPORT'],
  'server/wildcards/neither': ['EAFNOSUPPORT'],
  'server/wildcards/no-ipv4': ['EAFNOSUPPORT'],
  'server/wildcards/no-ipv6': ['EAFNOSUPPORT'],
  ...(isNamespace ? {} : ON_THE_HOST),
}

const explain = (codes: readonly string[]) => codes.map((code) => `${code}, since ${WHY[code]}`).join('; ')

describe('scenarios of servers on real sockets', () => {
  for (const { name, title, scenario, outcome, trace } of serverCatalogue()) {
    const obstacle = !isNamespace && !hasIpv6 && trace.join().includes('[') ? ': skipped, this host has no IPv6' : ''
    test.skipIf(obstacle !== '')(`${title} (${name})${obstacle}`, async () => {
      const { result, standIns } = await playServer(scenario, isNamespace ? namespaceGround() : hostGround())
      expect([outcomeLine(result), ...result.trace]).toEqual([outcome, ...trace])
      expect(result).toEqual(runScenario(scenario))
      expect(standIns).toEqual(STAND_INS[name] ?? [])
    })
  }

  test("leaves out none, and says in the kernel's stead only what the table names", () => {
    const names = serverCatalogue().map(({ name }) => name)
    const table = Object.entries(STAND_INS)
    for (const [name, codes] of table) console.info(`in the kernel's stead: ${name}: ${explain(codes)}`)
    expect(names).toEqual(expect.arrayContaining(table.map(([name]) => name)))
    expect(names.length - table.length).toBeGreaterThanOrEqual(70)
  })
})

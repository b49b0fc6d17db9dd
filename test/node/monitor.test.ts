import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, it } from 'vitest'
import { networkMonitor, ownAddresses, readAddresses } from '../../src/node/monitor.ts'
import { HeapClock } from '../../src/sim/clock.ts'

const address = (cidr: string) => ({ address: cidr.split('/')[0], cidr }) as NetworkInterfaceInfo

/** A monitor of interfaces that the test sets, on virtual time. */
function watch(interfaces: () => NodeJS.Dict<NetworkInterfaceInfo[]>) {
  const clock = new HeapClock()
  const changes: number[] = []
  const monitor = networkMonitor(interfaces, clock)
  const listener = { networkChanged: () => void changes.push(clock.now()) }
  monitor.add(listener)
  return { clock, changes, monitor, stop: () => monitor.delete(listener) }
}

describe('networkMonitor', () => {
  it('looks every 5 s, and tells when the set of addresses differs', () => {
    let now: NodeJS.Dict<NetworkInterfaceInfo[]> = { lo: [address('127.0.0.1/8')] }
    const { clock, changes } = watch(() => now)
    clock.runUntil(6_000)
    now = { lo: [address('127.0.0.1/8')], eth0: [address('192.0.2.1/24')] }
    clock.runUntil(20_000)
    expect(changes).toEqual([10_000])
    now = { lo: [address('127.0.0.1/8')] }
    clock.runUntil(30_000)
    expect(changes).toEqual([10_000, 25_000])
  })

  it('tells the addresses with the change, a link-local one with its zone', () => {
    let now: NodeJS.Dict<NetworkInterfaceInfo[]> = {}
    const clock = new HeapClock()
    const told: (readonly string[])[] = []
    networkMonitor(() => now, clock).add({ networkChanged: (addresses) => void told.push(addresses) })
    const linkLocal = { ...address('fe80::1/64'), scopeid: 2 } as NetworkInterfaceInfo
    now = { eth0: [address('192.0.2.1/24'), linkLocal], lo: [address('127.0.0.1/8')] }
    clock.runUntil(5_000)
    expect(told).toEqual([['192.0.2.1', 'fe80::1%eth0', '127.0.0.1']])
  })

  it('is not moved by the order in which they are listed', () => {
    const [one, two] = [address('192.0.2.1/24'), address('2001:db8::1/64')]
    let turn = 0
    const { clock, changes } = watch(() => ({ eth0: turn++ % 2 ? [one, two] : [two, one] }))
    clock.runUntil(60_000)
    expect(changes).toEqual([])
  })

  it('takes a system that does not answer for one that has not changed', () => {
    let fails = false
    const { clock, changes } = watch(() => {
      if (fails) throw new Error('uv_interface_addresses')
      return { lo: [address('127.0.0.1/8')] }
    })
    fails = true
    clock.runUntil(12_000)
    fails = false
    clock.runUntil(30_000)
    expect(changes).toEqual([])
  })

  it('does not read again what its first listener has just read, and tells what differs from that', () => {
    let now: NodeJS.Dict<NetworkInterfaceInfo[]> = { lo: [address('127.0.0.1/8')] }
    let looks = 0
    const interfaces = () => (looks++, now)
    const clock = new HeapClock()
    const told: (readonly string[])[] = []
    const known = readAddresses(interfaces)
    now = {}
    networkMonitor(interfaces, clock).add({ networkChanged: (addresses) => void told.push(addresses) }, known)
    expect(looks).toBe(1)
    clock.runUntil(5_000)
    expect(told).toEqual([[]])
  })

  it('leaves no timer when it is stopped', () => {
    const { clock, stop } = watch(() => ({}))
    clock.runUntil(7_000)
    expect(clock.timers).toBe(1)
    stop()
    expect(clock.timers).toBe(0)
  })

  it('looks once for all who listen, and tells each until it has had enough', () => {
    let now: NodeJS.Dict<NetworkInterfaceInfo[]> = {}
    let looks = 0
    const { clock, changes, monitor, stop } = watch(() => (looks++, now))
    const others: number[] = []
    const other = { networkChanged: () => void others.push(clock.now()) }
    monitor.add(other)
    expect(looks).toBe(1)
    now = { eth0: [address('192.0.2.1/24')] }
    clock.runUntil(5_000)
    expect(looks).toBe(2)
    expect([monitor.delete(other), monitor.delete(other)]).toEqual([true, false])
    now = {}
    clock.runUntil(10_000)
    expect(changes).toEqual([5_000, 10_000])
    expect(others).toEqual([5_000])
    stop()
    expect(clock.timers).toBe(0)
  })

  it('reads the real interfaces by default', () => {
    const clock = new HeapClock()
    networkMonitor(undefined, clock).add({ networkChanged: () => {} })
    clock.runUntil(5_000)
    expect(clock.timers).toBe(1)
  })
})

describe('ownAddresses', () => {
  it("are this machine's, and none where the system does not say", () => {
    expect(ownAddresses()).toContain('127.0.0.1')
    const refuses = () => {
      throw new Error('uv_interface_addresses')
    }
    expect(ownAddresses(refuses)).toEqual([])
  })
})

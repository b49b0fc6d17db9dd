import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Limits } from '../src/actors.ts'
import { Admission } from '../src/admission.ts'
import { type Address, parseAddress } from '../src/endpoint.ts'

const OPEN: Limits = { maxClients: 1_000_000, amplificationLimit: false }
const address = (text: string): Address => parseAddress(text)!
const ALICE = address('203.0.113.1')
/** The nth of many. */
const quad = (n: number): Address => address(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`)

const RATE = fc.record({ count: fc.integer({ min: 1, max: 4 }), window: fc.integer({ min: 1, max: 50 }) })
const COMINGS = fc.array(fc.record({ ms: fc.nat(20), source: fc.nat(3) }), { maxLength: 80, size: 'max' })

describe('how many', () => {
  test('V3 never more than max-clients, and everybody below it', () => {
    const script = fc.array(fc.constantFrom('come', 'leave'), { maxLength: 40, size: 'max' })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), script, (maxClients, steps) => {
        const admission = new Admission({ ...OPEN, maxClients })
        let live = 0
        for (const step of steps) {
          if (step === 'come') {
            expect(admission.admit(ALICE, 0)).toBe(live < maxClients ? undefined : 'MAX_CLIENTS')
            live = Math.min(maxClients, live + 1)
          } else if (live > 0) {
            admission.leave()
            live--
          }
        }
      }),
    )
  })
})

describe('how fast', () => {
  test('V4 connect-freq: in any window at most so many, and nobody is refused for less', () => {
    fc.assert(
      fc.property(RATE, COMINGS, (connectFreq, comings) => {
        const admission = new Admission({ ...OPEN, connectFreq })
        const accepted: number[] = []
        let now = 0
        for (const { ms, source } of comings) {
          now += ms
          const lately = accepted.filter((time) => now - time < connectFreq.window).length
          const expected = lately < connectFreq.count ? undefined : 'CONNECT_FREQ'
          expect(admission.admit(quad(source), now)).toBe(expected)
          if (!expected) accepted.push(now)
        }
      }),
    )
  })

  test('V4 connect-freq-source: the same for each source, whatever the others do', () => {
    fc.assert(
      fc.property(RATE, COMINGS, (sourceFreq, comings) => {
        const admission = new Admission({ ...OPEN, sourceFreq })
        const accepted: { readonly source: number; readonly time: number }[] = []
        let now = 0
        for (const { ms, source } of comings) {
          now += ms
          const own = accepted.filter((one) => one.source === source && now - one.time < sourceFreq.window)
          const expected = own.length < sourceFreq.count ? undefined : 'SOURCE_FREQ'
          expect(admission.admit(quad(source), now)).toBe(expected)
          if (!expected) accepted.push({ source, time: now })
        }
      }),
    )
  })

  test('V4 who is refused uses up neither rate', () => {
    const rate = { count: 2, window: 1000 }
    const both = new Admission({ ...OPEN, connectFreq: rate, sourceFreq: { count: 1, window: 1000 } })
    const come = (n: number, now: number) => both.admit(quad(n), now)
    expect([come(1, 0), come(1, 1), come(2, 2)]).toEqual([undefined, 'SOURCE_FREQ', undefined])
    expect([come(3, 3), come(3, 1000), come(3, 1001)]).toEqual(['CONNECT_FREQ', undefined, 'CONNECT_FREQ'])
    const full = new Admission({ ...OPEN, maxClients: 1, connectFreq: rate })
    const next = () => full.admit(ALICE, 0)
    expect([next(), next(), next()]).toEqual([undefined, 'MAX_CLIENTS', 'MAX_CLIENTS'])
    full.leave()
    expect(next()).toBe(undefined)
    full.leave()
    expect(next()).toBe('CONNECT_FREQ')
  })

  test('too many are refused as that before they are refused as too fast', () => {
    const rate = { count: 1, window: 1000 }
    const admission = new Admission({ ...OPEN, maxClients: 1, connectFreq: rate, sourceFreq: rate })
    const come = () => admission.admit(ALICE, 0)
    expect([come(), come()]).toEqual([undefined, 'MAX_CLIENTS'])
    admission.leave()
    expect(come()).toBe('CONNECT_FREQ')
  })
})

describe('a source', () => {
  const once = { ...OPEN, sourceFreq: { count: 1, window: 1000 } }
  const isSame = (one: string, other: string) => {
    const admission = new Admission(once)
    admission.admit(address(one), 0)
    return admission.admit(address(other), 0) === 'SOURCE_FREQ'
  }

  test.each([
    ['203.0.113.1', '203.0.113.1', true],
    ['203.0.113.1', '203.0.113.2', false],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['2001:db8::1', '2001:db8:0:0:5::', true],
    ['2001:db8::1', '2001:db8:0:1::1', false],
    ['2001:db8::5:6:7:8', '2001:db8:0:4:5:6:7:8', false],
    ['2001:db8::5:6:7:8', '2001:db8:0:0:4:3:2:1', true],
    ['::1', '::ffff', true],
    ['::1', '1::', false],
    ['::2:3:4:5:6:7', '0:0:2::7', false],
    ['1::', '1:0:0:0:1:2:3:4', true],
    ['fe80::1%eth0', 'fe80::2%eth0', true],
    ['fe80::1%eth0', 'fe80::1%eth1', false],
    ['fe80::1%eth0', 'fe80::1', false],
  ])('%s and %s are one: %s', (one, other, same) => {
    expect(isSame(one, other)).toBe(same)
  })

  test('is remembered among the last 65,536 that were seen, refused ones too', () => {
    const admission = new Admission(once)
    const come = (n: number) => admission.admit(quad(n), 0)
    for (let n = 0; n < 65_536; n++) come(n)
    expect(come(1)).toBe('SOURCE_FREQ')
    expect([come(65_536), come(65_537)]).toEqual([undefined, undefined])
    expect([come(1), come(3), come(65_536)]).toEqual(['SOURCE_FREQ', 'SOURCE_FREQ', 'SOURCE_FREQ'])
    expect([come(0), come(2)]).toEqual([undefined, undefined])
  })

  test('with a large count among fewer, so that the memory has a limit: 64 of 65,536', () => {
    const admission = new Admission({ ...OPEN, sourceFreq: { count: 65_536, window: 1000 } })
    const come = (n: number) => admission.admit(quad(n), 0)
    for (let times = 0; times < 65_536; times++) come(0)
    for (let n = 1; n < 64; n++) come(n)
    expect(come(0)).toBe('SOURCE_FREQ')
    for (let n = 1; n <= 64; n++) come(n)
    expect(come(0)).toBe(undefined)
  })
})

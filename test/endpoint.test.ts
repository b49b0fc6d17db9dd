import { isIP } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatEndpoint, hostProblem, parseAddress, undialable, unmap } from '../src/endpoint.ts'

const ipv4 = (address: string) => ({ family: 'ipv4', address })
const ipv6 = (address: string) => ({ family: 'ipv6', address })

describe('parseAddress', () => {
  test.each([
    ['198.51.100.1', ipv4('198.51.100.1')],
    ['0.0.0.0', ipv4('0.0.0.0')],
    ['255.255.255.255', ipv4('255.255.255.255')],
    ['2001:DB8:0:0:0:0:0:1', ipv6('2001:db8::1')],
    ['0:0:1:0:0:1:1:1', ipv6('::1:0:0:1:1:1')],
    ['1:2:3:4:5:6:7::', ipv6('1:2:3:4:5:6:7:0')],
    ['::', ipv6('::')],
    // Mapped: still IPv6 here, `unmap` decides. Compatible: never taken for a mapped one, as ipaddr.js does.
    ['::ffff:192.0.2.1', ipv6('::ffff:c000:201')],
    ['::127.0.0.1', ipv6('::7f00:1')],
    ['64:ff9b::192.0.2.33', ipv6('64:ff9b::c000:221')],
    ['1:2:3:4:5:6:1.2.3.4', ipv6('1:2:3:4:5:6:102:304')],
    // Zones as the kernel names interfaces, with what ipaddr.js refuses.
    ['fe80::1%eth0', ipv6('fe80::1%eth0')],
    ['FE80::1%eth0.100', ipv6('fe80::1%eth0.100')],
    ['fe80::1%br-lan', ipv6('fe80::1%br-lan')],
    ['fe80::1%wg_0', ipv6('fe80::1%wg_0')],
    ['fe80::1%123456789012345', ipv6('fe80::1%123456789012345')],
  ])('reads %s', (text, address) => expect(parseAddress(text)).toEqual(address))

  test.each([
    ['', '127.1', '0x7f.1', '2130706433', '0177.0.0.1', '010.0.0.1', '1.2.3', '1.2.3.4.5', '1.2.3.256', '1.2.3.4.'],
    ['１２７.０.０.１', ' 1.2.3.4', '1.2.3.4\n', '127.0.0.1\0.x', '1.2.3.4%eth0', 'vpn.example', 'abcd'],
    ['[::1]', '::1/64', '1::2::3', ':::', ':1:2:3:4:5:6:7', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::'],
    ['00001::', '::01.2.3.4', '::1.2.3', '1.2.3.4::', '::1.2.3.4:5', '0x1::', '::g', '::1\0', '::1 '],
    ['fe80::1%', 'fe80::1%a%b', 'fe80::1%eth 0', 'fe80::1%eth\0', 'fe80::1%1234567890123456', 'fe80%eth0'],
  ])('refuses %j and its like', (...texts) => {
    for (const text of texts) expect(parseAddress(text), JSON.stringify(text)).toBeUndefined()
  })

  const address = fc.oneof(fc.ipV4(), fc.ipV6())
  const nearly = fc.oneof(
    address,
    fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcfF:.%')), maxLength: 40 }),
    fc.tuple(address, fc.nat(50), fc.constantFrom('', ':', '::', '.', '0', '%', 'f', '1')).map(([text, at, insert]) => {
      return text.slice(0, at) + insert + text.slice(at)
    }),
  )

  test('agrees with the kernel on every text without a zone', () => {
    fc.assert(
      fc.property(nearly, (text) => {
        fc.pre(!text.includes('%'))
        expect(parseAddress(text)?.family).toBe({ 0: undefined, 4: 'ipv4', 6: 'ipv6' }[isIP(text)])
      }),
      { numRuns: 2000 },
    )
  })

  test('agrees with the kernel on zones that both can name', () => {
    const zone = fc.string({ unit: fc.constantFrom(...Array.from('abz019.-:')), minLength: 1, maxLength: 15 })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.ipV6(),
          fc.ipV4(),
          nearly.filter((text) => !text.includes('%')),
        ),
        zone,
        (bare, zone) => {
          expect(parseAddress(`${bare}%${zone}`) !== undefined).toBe(isIP(`${bare}%${zone}`) === 6)
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('the canonical spelling reads as itself, and equal addresses are equal strings', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }), (groups) => {
        const hex = groups.map((group) => group.toString(16))
        const spellings = [hex.join(':'), hex.map((group) => group.padStart(4, '0').toUpperCase()).join(':')]
        const [one, other] = spellings.map((text) => parseAddress(text)?.address)
        expect(one).toBeDefined()
        expect(other).toBe(one)
        expect(parseAddress(one ?? '')?.address).toBe(one)
        expect(`[${one}]`).toBe(new URL(`http://[${hex.join(':')}]/`).hostname)
      }),
    )
  })

  test('a `::` anywhere, of whatever length, is spelled as RFC 5952 says', () => {
    const groups = fc.array(fc.constantFrom('0', '1', 'a0', '0a', 'ffff', 'DB8'), { maxLength: 8 })
    fc.assert(
      fc.property(groups, groups, (head, tail) => {
        const text = `${head.join(':')}::${tail.join(':')}`
        const spelled = URL.canParse(`http://[${text}]/`) ? new URL(`http://[${text}]/`).hostname : undefined
        expect(parseAddress(text)?.address).toBe(spelled?.slice(1, -1))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('unmap', () => {
  test.each([
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:0:0', '0.0.0.0'],
    // With a zone it is the same IPv4 address; it must not slip past the IPv4 rules.
    ['::ffff:127.0.0.1%lo', '127.0.0.1'],
  ])('%s is %s', (text, quad) => expect(unmap(parseAddress(text)!)).toEqual(ipv4(quad)))

  test.each(['::192.0.2.1', '64:ff9b::c000:201', '2001:db8::1', '192.0.2.1', 'fe80::1%eth0', '::fffe:1.2.3.4'])(
    '%s is not mapped',
    (text) => expect(unmap(parseAddress(text)!)).toBeUndefined(),
  )

  test('gives back every IPv4 address', () => {
    fc.assert(
      fc.property(fc.ipV4(), (quad) => {
        expect(unmap(parseAddress(`::ffff:${quad}`)!)).toEqual(ipv4(quad))
      }),
    )
  })
})

describe('undialable', () => {
  test.each([
    ['0.0.0.0', 'the unspecified address'],
    ['255.255.255.255', 'the broadcast address'],
    ['224.0.0.1', 'a multicast address'],
    ['239.255.255.255', 'a multicast address'],
    ['::', 'the unspecified address'],
    ['::%lo', 'the unspecified address'],
    ['ff02::1', 'a multicast address'],
    ['ff02::1%eth0', 'a multicast address'],
    ['fe80::1', 'a link-local address without a zone (%interface)'],
    ['febf::1', 'a link-local address without a zone (%interface)'],
  ])('%s: %s', (text, why) => expect(undialable(parseAddress(text)!)).toBe(why))

  test.each([
    ['127.0.0.1', '10.0.0.1', '169.254.169.254', '198.51.100.1', '223.255.255.255', '240.0.0.1', '255.255.255.254'],
    ['::1', '2001:db8::1', 'fe80::1%eth0', 'fc00::1', '64:ff9b::c000:201', '2002:c000:201::', '::7f00:1', 'fec0::1'],
  ])('%s and its like are dialled', (...texts) => {
    for (const text of texts) expect(undialable(parseAddress(text)!), text).toBeUndefined()
  })
})

test('an endpoint is written with brackets around IPv6', () => {
  expect(formatEndpoint({ address: '198.51.100.1', port: 443 })).toBe('198.51.100.1:443')
  expect(formatEndpoint({ address: 'fe80::1%eth0', port: 1194 })).toBe('[fe80::1%eth0]:1194')
})

describe('hostProblem', () => {
  const label63 = 'a'.repeat(63)
  const name253 = `${label63}.${label63}.${label63}.${'a'.repeat(61)}`

  test.each([
    ['vpn.example', 'VPN.Example.', 'localhost', '_srv._tcp.example', 'a-b.example', 'xn--bcher-kva.example'],
    ['4you', '1.2.3.example', 'e100', '0xff.example', 'dead.beef', 'x', label63, name253],
    ['198.51.100.1', '::1', 'fe80::1%br-lan', '::ffff:1.2.3.4', '2001:db8::1'],
  ])('%s and its like are hosts', (...hosts) => {
    for (const host of hosts) expect(hostProblem(host), host).toBeUndefined()
  })

  test.each([
    ['', 'the host is empty'],
    ['127.0.0.1\0.x', 'a host has no blanks or control characters'],
    ['a b', 'a host has no blanks or control characters'],
    ['a\u007fb', 'a host has no blanks or control characters'],
    ['a\r\nHost: b', 'a host has no blanks or control characters'],
    ['1::2::3', 'this is no IPv6 address, and a name has no colon'],
    ['vpn.example:1194', 'this is no IPv6 address, and a name has no colon'],
    ['[::1]', 'this is no IPv6 address, and a name has no colon'],
    ['fe80::1%1234567890123456', 'this is no IPv6 address, and a name has no colon'],
    ['bücher.example', 'a host is written in ASCII; an international name in its xn-- form'],
    ['１２７.０.０.１', 'a host is written in ASCII; an international name in its xn-- form'],
    ['vpn。example', 'a host is written in ASCII; an international name in its xn-- form'],
    [`${name253}a`, 'a name has at most 253 bytes, this one has 254'],
    [`${label63}a.example`, 'a label has at most 63 bytes, this one has 64'],
    ['.', 'a name has no empty label (two dots in a row)'],
    ['a..b', 'a name has no empty label (two dots in a row)'],
    ['.a', 'a name has no empty label (two dots in a row)'],
    ['a..', 'a name has no empty label (two dots in a row)'],
    ['a/b', 'a name consists of letters, digits, "-", "_" and dots'],
    ['user@host', 'a name consists of letters, digits, "-", "_" and dots'],
    ['vpn%eth0', 'a name consists of letters, digits, "-", "_" and dots'],
  ])('%j: %s', (host, problem) => expect(hostProblem(host)).toBe(problem))

  // All of these reach 127.0.0.1 (or 8.0.0.1) through the C library, and none of them says so.
  test.each([
    '127.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '010.0.0.1',
    '127.0.0.1.',
    '0x7f000001',
    '1.2.3',
    '0x',
    '256.1.1.1',
  ])('%s is no host', (host) => expect(hostProblem(host)).toContain('numbers alone are no host name'))

  test('what passes is an address, or a name that the C library cannot take for one', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdefx.-:%')), maxLength: 20 }),
    )
    fc.assert(
      fc.property(text, (host) => {
        if (hostProblem(host) !== undefined || parseAddress(host)) return
        expect(host).toMatch(/^[A-Za-z0-9_.-]{1,253}$/)
        expect(host).not.toMatch(/(^|\.)(\d+|0[xX][\da-fA-F]*)\.?$/)
      }),
      { numRuns: 2000 },
    )
  })

  test('a megabyte is judged at once', () => {
    expect(hostProblem('a'.repeat(1 << 20))).toContain('253')
    expect(hostProblem(':'.repeat(1 << 20))).toContain('no IPv6 address')
    expect(hostProblem('1.'.repeat(1 << 19))).toContain('253')
  })
})

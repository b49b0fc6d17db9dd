import { describe, expect, test } from 'vitest'
import { parseAddress } from '../src/endpoint.ts'
import { relayAt } from '../src/relay.ts'

const at = (door: string, address: string, port = 1080) => {
  const found = relayAt({ address, port }, parseAddress(door)!, true)
  return 'code' in found
    ? `${found.code} ${found.message.replace(/^.*: /, '')}`
    : `${found.family} ${found.address} ${found.port}`
}

describe('R9 where a hop may send our datagrams', () => {
  test.each([
    ['its own address', '198.51.100.1', '198.51.100.1', 'ipv4 198.51.100.1 1080'],
    ['its own address, by its unspecified one', '198.51.100.1', '0.0.0.0', 'ipv4 198.51.100.1 1080'],
    ['the unspecified one of the other family', '198.51.100.1', '::', 'ipv4 198.51.100.1 1080'],
    ['its own address with its zone', 'fe80::1%eth0', '::', 'ipv6 fe80::1%eth0 1080'],
    ['a mapped address is the one in it', '198.51.100.1', '::ffff:198.51.100.2', 'ipv4 198.51.100.2 1080'],
    ['another address of the world, by one in the world', '198.51.100.1', '203.0.113.9', 'ipv4 203.0.113.9 1080'],
    ['the world, by a hop of our own network', '10.0.0.1', '8.8.8.8', 'ipv4 8.8.8.8 1080'],
    ['our network, by a hop of it', '10.0.0.1', '192.168.1.1', 'ipv4 192.168.1.1 1080'],
    ['this host, by a hop on it', '127.0.0.1', '127.0.0.2', 'ipv4 127.0.0.2 1080'],
  ])('%s', (_, door, said, expected) => expect(at(door, said)).toBe(expected))

  const INWARD = 'BAD_RELAY a hop further out may not lead us back in'
  const OTHER = 'BAD_RELAY that is ipv6, and the hop was reached by ipv4'
  test.each([
    ['this host, by a hop out in the world', '8.8.8.8', '127.0.0.1', INWARD],
    ['this host, by its mapped spelling', '8.8.8.8', '::ffff:127.0.0.1', INWARD],
    ['this host, in the other family', '8.8.8.8', '::1', OTHER],
    ['our network, by a hop out in the world', '8.8.8.8', '192.168.1.1', INWARD],
    ['an address of our provider, by a hop out in the world', '8.8.8.8', '100.64.0.1', INWARD],
    ['a host with metadata for this one', '8.8.8.8', '169.254.169.254', INWARD],
    ['a unique local address', '2606:4700::1', 'fd00::1', INWARD],
    ['the world by the other family, which may be forbidden', '8.8.8.8', '2606:4700::1', OTHER],
    ['IPv4 inside IPv6 (NAT64)', '2606:4700::1', '64:ff9b::7f00:1', INWARD],
    ['IPv4 inside IPv6 (6to4)', '2606:4700::1', '2002:7f00:1::1', INWARD],
    ['this host, by a hop of our own network', '10.0.0.1', '127.0.0.1', INWARD],
    ['many hosts', '8.8.8.8', '224.0.0.1', 'BAD_RELAY a multicast address'],
    ['all hosts', '8.8.8.8', '255.255.255.255', 'BAD_RELAY the broadcast address'],
    [
      'a link without saying which',
      '2606:4700::1',
      'fe80::1',
      'BAD_RELAY a link-local address without a zone (%interface)',
    ],
    ['a name', '8.8.8.8', 'relay.test', 'BAD_RELAY that is no address'],
  ])('but not %s', (_, door, said, expected) => expect(at(door, said)).toBe(expected))

  test.each([0, 65_536])('nor port %i', (port) =>
    expect(at('8.8.8.8', '8.8.8.8', port)).toBe('BAD_RELAY that is no port'),
  )

  test('S9 what a hop that was told a secret gives for an address is not shown', () => {
    const address = 'fd00:5333:6372:3374::'
    const found = relayAt({ address, port: 1080 }, parseAddress('2606:4700::1')!, false)
    expect(JSON.stringify(found)).not.toContain('5333')
    expect(found).toMatchObject({ code: 'BAD_RELAY' })
  })
})

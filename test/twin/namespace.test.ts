/**
 * The real twins once more, each in a network namespace of its own: the scripted addresses are this machine's there.
 * For a client, what is not scripted leads into a device that nobody reads, and what is unreachable has no route; for a
 * server, `lo` has the scripted addresses and no others, and ports can be kept for the privileged, which it is not.
 */
import { expect, test } from 'vitest'
import { obstacleTo, testInNamespace } from './namespace.ts'

/** `hole` swallows what is sent into it; which kind of device can do that differs from kernel to kernel. */
const OF_CLIENTS = `
ip link set lo up
ip link add hole type dummy 2>&1 || ip tuntap add dev hole mode tun 2>&1 || ip link add hole type ifb
ip link set hole up
ip address add 198.51.100.254/32 dev lo
ip address add 2001:db8::fe/128 dev lo
ip route add 198.51.100.0/24 dev hole
ip -6 route add 2001:db8::/32 dev hole
ip -6 route add fe80::1/128 dev hole
echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind
exec`

/** Visitors may come from addresses that only have a route, from any port, and from the same one again at once. */
const OF_SERVERS = `
ip link set lo up
echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind
echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
echo 0 > /proc/sys/net/ipv4/tcp_max_tw_buckets
exec setpriv --bounding-set=-net_bind_service`

test.for([
  { whose: 'clients', setup: OF_CLIENTS, file: 'test/twin/twin.test.ts', least: 60 },
  { whose: 'servers', setup: OF_SERVERS, file: 'test/twin/servers.test.ts', least: 80 },
])('the real twin of $whose at the scripted addresses', { timeout: 180_000 }, async (one, { skip }) => {
  const obstacle = obstacleTo(one.setup)
  skip(obstacle !== undefined, `no namespace can be made here (${obstacle})`)
  const { failed, passed } = await testInNamespace(one.setup, one.file)
  expect(failed).toEqual([])
  expect(passed).toBeGreaterThanOrEqual(one.least)
})

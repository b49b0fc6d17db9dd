/** Lives of two peers on the virtual network, and what `a` tells of its own: the same every time. */
import { EMPTY_PEER, type PeerNote, type PeerState, followPeer } from '../../../src/node/cli/peer-state.ts'
import { runScenario } from '../../../src/sim/run-scenario.ts'
import { type PeersInput, isPeers, parseScenario } from '../../../src/sim/scenario.ts'

const BOTH_FAMILIES = { 'a.test': [{ address: '2001:db8:a::1' }, { address: '198.51.100.1', delayMs: 30 }] }

/** One family is dead one way; on the other the peer moves, is lost, and is met again. */
const ROAMING: PeersInput = {
  peers: {
    a: {
      config: 'proto udp\nremote b.test\nfloat\nkeepalive 5 20\nconnect-timeout 2\n',
      self: ['198.51.100.1', '2001:db8:a::1'],
    },
    b: { config: 'proto udp\nremote a.test\nping 5\n', self: ['203.0.113.1', '2001:db8:b::1'], startMs: 3000 },
  },
  names: {
    ...BOTH_FAMILIES,
    'b.test': [{ address: '2001:db8:b::1' }, { address: '203.0.113.1' }, { address: '224.0.0.1' }],
  },
  links: [{ from: 'a', family: 'ipv6', dead: true }],
  timeline: [
    { atMs: 12_000, send: { peer: 'b', text: 'hello' } },
    { atMs: 20_000, nat: { b: { '203.0.113.1:1194': '192.0.2.7:40000' } } },
    { atMs: 30_000, do: 'stop', peer: 'b' },
    { atMs: 49_500, do: 'start', peer: 'b' },
    { atMs: 58_000, do: 'stop', peer: 'a' },
  ],
}

/** Who waits is met, is visited by others, loses its peer, and waits again. */
const WAITING: PeersInput = {
  peers: {
    a: { config: 'proto tcp-server\nport 443\n', self: ['198.51.100.1', '2001:db8:a::1'] },
    b: { config: 'proto tcp-client\nremote a.test 443\n', self: ['203.0.113.1'], startMs: 1000 },
  },
  names: BOTH_FAMILIES,
  timeline: [
    { atMs: 4000, from: { source: '192.0.2.9:4000', to: '198.51.100.1:443', transport: 'tcp', count: 7 } },
    { atMs: 5000, send: { peer: 'b', text: 'hello' } },
    { atMs: 20_000, do: 'stop', peer: 'b' },
  ],
}

/** What it was told to bind is not there. */
const UNBOUND: PeersInput = {
  peers: {
    a: { config: 'proto udp\nlocal 192.0.2.99\nremote 203.0.113.1\n', self: ['198.51.100.1'] },
    b: { config: 'proto udp-client\nremote 198.51.100.1\nconnect-retry-max 1\n', self: ['203.0.113.1'] },
  },
}

export const PEER_STORIES = { roaming: ROAMING, meeting: WAITING, unbound: UNBOUND } as const

interface Step {
  readonly note: PeerNote
  readonly state: PeerState
}

/** Every note of `a`, with what has become of it. */
export function tellPeer(story: PeersInput): readonly Step[] {
  const parsed = parseScenario(story)
  if (!('scenario' in parsed) || !isPeers(parsed.scenario)) throw new Error(JSON.stringify(parsed))
  const steps: Step[] = []
  runScenario(parsed.scenario, {
    onNote: (note, { world }) => {
      if (world.name === 'a') steps.push({ note, state: followPeer(steps.at(-1)?.state ?? EMPTY_PEER, note) })
    },
  })
  return steps
}

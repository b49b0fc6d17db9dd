import { describe, expect, test } from 'vitest'
import type { Candidate } from '../src/candidate.ts'
import { failure } from '../src/failure.ts'
import type { Note } from '../src/ledger.ts'
import type { ServerNote } from '../src/roster.ts'
import { traceLine } from '../src/trace.ts'

const remote = { index: 0, host: 'vpn.test', port: 1194 }
const WAY = [
  { kind: 'ferry', host: 'near.test', port: 8080 },
  { kind: 'ferry', host: 'far.test', port: 8080 },
  { kind: 'target', host: '2001:db8::9', port: 443 },
]
const candidate: Candidate = {
  remote: 0,
  transport: 'tcp',
  family: 'ipv6',
  address: '2001:db8::1',
  port: 1194,
  hops: [],
}
const local = { family: 'ipv6', address: '2001:db8::fe', port: 49152 } as const
const refused = failure('ECONNREFUSED', 'connect')

const LINES: readonly [string, Note][] = [
  ['      0 round 1 started', { at: 0, type: 'round.started', round: 1 }],
  ['      5 round 1 failed', { at: 5, type: 'round.failed', round: 1 }],
  ['  10000 round 2 ended', { at: 10_000, type: 'round.ended', round: 2 }],
  [
    '      0 query 1 vpn.test ipv4 ipv6 started',
    { at: 0, type: 'query.started', query: 1, remote, host: 'vpn.test', families: ['ipv4', 'ipv6'] },
  ],
  [
    '      3 query 1 answered 192.0.2.1 2001:db8::1',
    { at: 3, type: 'query.answered', query: 1, addresses: ['192.0.2.1', '2001:db8::1'] },
  ],
  ['      3 query 1 answered nothing', { at: 3, type: 'query.answered', query: 1, addresses: [] }],
  [
    '   5000 query 2 failed RESOLVE_TIMEOUT at resolve',
    { at: 5000, type: 'query.failed', query: 2, remote, failure: failure('RESOLVE_TIMEOUT', 'resolve') },
  ],
  [
    '      0 skipped tcp [2001:db8::1]:1194 LOCAL_FAMILY at plan',
    { at: 0, type: 'candidate.skipped', remote, candidate, failure: failure('LOCAL_FAMILY', 'plan') },
  ],
  [
    '      0 skipped vpn.test TOO_MANY_ADDRESSES at plan',
    { at: 0, type: 'candidate.skipped', remote, candidate: null, failure: failure('TOO_MANY_ADDRESSES', 'plan') },
  ],
  [
    '    250 attempt 2 tcp [2001:db8::1]:1194 started',
    { at: 250, type: 'attempt.started', attempt: 2, remote, candidate },
  ],
  [
    '    250 attempt 2 tcp [2001:db8::1]:1194 then far.test:8080 then [2001:db8::9]:443 started',
    { at: 250, type: 'attempt.started', attempt: 2, remote, candidate: { ...candidate, hops: WAY } },
  ],
  [
    '    250 attempt 2 failed HOP_REFUSED at negotiate of hop 2',
    { at: 250, type: 'attempt.failed', attempt: 2, failure: { ...failure('HOP_REFUSED', 'negotiate'), hop: 2 } },
  ],
  ['    250 attempt 2 opened', { at: 250, type: 'attempt.opened', attempt: 2 }],
  ['    250 attempt 2 opened from [2001:db8::fe]:49152', { at: 250, type: 'attempt.opened', attempt: 2, local }],
  ['    251 attempt 2 connected from [2001:db8::fe]:49152', { at: 251, type: 'attempt.connected', attempt: 2, local }],
  ['    252 attempt 2 negotiated hop 1', { at: 252, type: 'attempt.negotiated', attempt: 2, hop: 1 }],
  [
    '    253 attempt 2 confirmed after 3 sent 1 received',
    { at: 253, type: 'attempt.confirmed', attempt: 2, sent: 3, received: 1 },
  ],
  ['    253 attempt 2 won', { at: 253, type: 'attempt.won', attempt: 2, confirmed: true }],
  ['    253 attempt 2 won unconfirmed', { at: 253, type: 'attempt.won', attempt: 2, confirmed: false }],
  [
    '    300 attempt 2 failed ECONNREFUSED at connect',
    { at: 300, type: 'attempt.failed', attempt: 2, failure: refused },
  ],
  [
    '    300 attempt 3 cancelled ECONNREFUSED at connect',
    { at: 300, type: 'attempt.cancelled', attempt: 3, failure: refused },
  ],
  [
    '9999999 attempt 2 lost ECONNREFUSED at connect',
    { at: 9_999_999, type: 'attempt.lost', attempt: 2, failure: refused, kept: true },
  ],
  ['    300 backoff 1078 ms after 1 failed', { at: 300, type: 'backoff.started', failed: 1, ms: 1078 }],
  ['    400 network changed', { at: 400, type: 'network.changed' }],
  ['    500 client failed ECONNREFUSED at connect', { at: 500, type: 'client.failed', failure: refused }],
  ['    500 client stopped', { at: 500, type: 'client.stopped' }],
]

test.each(LINES)('%s', (line, note) => expect(traceLine(note)).toBe(line))

describe('text of strangers', () => {
  const evil = 'a\u001b[2J\nb\u202e'
  const safe = String.raw`a\u001b[2J\u000ab\u202e`

  test('is escaped wherever it can stand', () => {
    const notes: Note[] = [
      { at: 0, type: 'query.started', query: 1, remote, host: evil, families: [] },
      { at: 0, type: 'query.answered', query: 1, addresses: [evil] },
      { at: 0, type: 'query.failed', query: 1, remote, failure: failure(evil, 'resolve') },
      { at: 0, type: 'candidate.skipped', remote: { ...remote, host: evil }, candidate: null, failure: refused },
    ]
    for (const note of notes) {
      expect(traceLine(note)).toContain(safe)
      expect(traceLine(note)).not.toContain('\n')
    }
  })

  test('a huge answer does not fill the trace', () => {
    const addresses = Array.from({ length: 3000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`)
    const line = traceLine({ at: 0, type: 'query.answered', query: 1, addresses })
    expect(line).toBe(`      0 query 1 answered ${addresses.slice(0, 25).join(' ')} and 2975 more`)
    expect(traceLine({ at: 0, type: 'query.answered', query: 1, addresses: addresses.slice(0, 25) })).toMatch(/24$/)
  })
})

describe('what happens to a server', () => {
  const endpoint = { family: 'ipv6', address: '2001:db8::1', port: 1194 } as const
  const remote = { family: 'ipv4', address: '203.0.113.1', port: 40_000 } as const
  const why = failure('EADDRINUSE', 'bind')
  test.each([
    [
      { type: 'query.failed', at: 1, query: 1, block: 0, failure: failure('ENOTFOUND', 'resolve') },
      'query 1 failed ENOTFOUND at resolve',
    ],
    [{ type: 'block.waiting', at: 1, block: 1, ms: 1000 }, 'block 2 again in 1000 ms'],
    [
      { type: 'address.skipped', at: 1, block: 0, endpoint, failure: failure('BAD_ADDRESS', 'plan') },
      'block 1 skipped [2001:db8::1]:1194 BAD_ADDRESS at plan',
    ],
    [
      { type: 'address.skipped', at: 1, block: 0, endpoint: null, failure: failure('TOO_MANY_ADDRESSES', 'plan') },
      'block 1 skipped TOO_MANY_ADDRESSES at plan',
    ],
    [
      { type: 'listener.started', at: 1, listener: 3, block: 0, transport: 'udp', endpoint },
      'listener 3 udp [2001:db8::1]:1194 started',
    ],
    [{ type: 'listener.bound', at: 1, listener: 3, local: endpoint }, 'listener 3 bound to [2001:db8::1]:1194'],
    [{ type: 'listener.failed', at: 1, listener: 3, failure: why }, 'listener 3 failed EADDRINUSE at bind'],
    [{ type: 'listener.lost', at: 1, listener: 3, failure: why }, 'listener 3 lost EADDRINUSE at bind'],
    [{ type: 'listener.waiting', at: 1, listener: 3, ms: 1000 }, 'listener 3 again in 1000 ms'],
    [
      { type: 'listener.escalated', at: 1, listener: 3, failure: failure('RESTARTED_TOO_OFTEN', 'bind') },
      'listener 3 escalated RESTARTED_TOO_OFTEN at bind',
    ],
    [{ type: 'listener.closed', at: 1, listener: 3, failure: null }, 'listener 3 closed'],
    [{ type: 'listener.closed', at: 1, listener: 3, failure: why }, 'listener 3 closed EADDRINUSE at bind'],
    [{ type: 'server.listening', at: 1, bound: 2 }, 'server listening on 2'],
    [{ type: 'server.warned', at: 1, block: 0, message: 'look out' }, 'server warned look out'],
    [{ type: 'server.draining', at: 1 }, 'server draining'],
    [{ type: 'server.failed', at: 1, failure: why }, 'server failed EADDRINUSE at bind'],
    [{ type: 'server.stopped', at: 1 }, 'server stopped'],
    [
      { type: 'peer.accepted', at: 1, peer: 7, listener: 3, remote },
      'peer 7 from 203.0.113.1:40000 accepted by listener 3',
    ],
    [
      { type: 'peer.refused', at: 1, listener: 3, remote, failure: failure('MAX_CLIENTS', 'accept') },
      'peer from 203.0.113.1:40000 refused by listener 3 MAX_CLIENTS at accept',
    ],
    [
      { type: 'peer.refused', at: 1, listener: 3, remote: null, failure: failure('FD_BUDGET', 'accept') },
      'peer refused by listener 3 FD_BUDGET at accept',
    ],
    [{ type: 'peer.dropped', at: 1, peer: 7, failure: failure('GRACE', 'accept') }, 'peer 7 dropped GRACE at accept'],
    [{ type: 'peer.closed', at: 1, peer: 7 }, 'peer 7 closed'],
  ] as const satisfies readonly (readonly [ServerNote, string])[])('%j', (note, line) => {
    expect(traceLine(note)).toBe(`      1 ${line}`)
  })
})

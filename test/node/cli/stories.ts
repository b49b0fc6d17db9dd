/** Lives of clients on the virtual network, as notes: what the views are shown, the same every time. */
import { EMPTY_LEDGER, type Ledger, type Note, record } from '../../../src/ledger.ts'
import { runScenario } from '../../../src/sim/run-scenario.ts'
import { type ScenarioInput, isClients, parseScenario } from '../../../src/sim/scenario.ts'

const FAILOVER: ScenarioInput = {
  config: 'client\nproto tcp\nremote vpn.test 1194\nremote gone.test\nremote spare.test 443 udp\nconnect-timeout 2\n',
  names: {
    'vpn.test': [
      { address: '2001:db8:1:2:3:4:5:1' },
      { address: '198.51.100.1', delayMs: 30 },
      { address: '224.0.0.1' },
    ],
    'gone.test': { fail: 'ENOTFOUND', afterMs: 10 },
    'spare.test': [{ address: '198.51.100.9' }],
  },
  network: {
    '198.51.100.1': { tcp: { connect: 20 } },
    '198.51.100.9': { udp: { answer: 5 } },
  },
  timeline: [
    { atMs: 5000, kill: { address: '198.51.100.1', how: 'reset' } },
    { atMs: 20_000, do: 'stop' },
  ],
}

const FAILURE: ScenarioInput = {
  config: 'client\nproto tcp\nremote 198.51.100.1\nremote 2001:db8::1 443\nconnect-retry-max 2\nconnect-retry 3\n',
  network: { '198.51.100.1': { tcp: { refuse: 4 } }, '2001:db8::1': { tcp: { unreachable: 7 } } },
}

const HALF_WAY: ScenarioInput = {
  config: 'client\nproto tcp\nremote 198.51.100.1\nremote 198.51.100.2\n',
  network: { '198.51.100.1': { tcp: { refuse: 4 } } },
  untilMs: 2000,
}

const NO_LOGIN = { hex: '0500' }
const CARRIED = { hex: '05000001000000000000' }

/** A chain whose second hop will not carry on, a look-up of a hop that fails, and a way that works. */
const HOPS: ScenarioInput = {
  config:
    'client\nproto tcp\nconnect-timeout 2\n' +
    '<connection>\nremote vpn.test 443\nsocks-proxy gate.test\nsocks-proxy 203.0.113.9 9050\n</connection>\n' +
    '<connection>\nremote vpn.test 443\nsocks-proxy gone.test\n</connection>\n' +
    '<connection>\nremote vpn.test 443\nsocks-proxy 198.51.100.3 1080\n</connection>\n',
  names: {
    'gate.test': [{ address: '2001:db8:1:2:3:4:5:1' }, { address: '198.51.100.1' }, { address: '198.51.100.2' }],
    'gone.test': { fail: 'ENOTFOUND', afterMs: 10 },
  },
  network: {
    '2001:db8:1:2:3:4:5:1': { tcp: { connect: 10, mute: true } },
    '198.51.100.1': { tcp: { refuse: 4 } },
    '198.51.100.2': {
      tcp: { connect: 20, says: [NO_LOGIN, CARRIED, NO_LOGIN, { hex: '05020001000000000000', afterMs: 700 }] },
    },
    '198.51.100.3': { tcp: { connect: 20, says: [NO_LOGIN, { ...CARRIED, afterMs: 300 }] } },
  },
  untilMs: 10_000,
}

export const STORIES = { failover: FAILOVER, failure: FAILURE, 'half-way': HALF_WAY, hops: HOPS } as const

/** Every note with the ledger after it. */
export function tell(story: ScenarioInput): readonly { readonly note: Note; readonly ledger: Ledger }[] {
  const parsed = parseScenario(story)
  if (!('scenario' in parsed) || !isClients(parsed.scenario)) throw new Error(JSON.stringify(parsed))
  const steps: { note: Note; ledger: Ledger }[] = []
  runScenario(parsed.scenario, {
    onNote: (note) => void steps.push({ note, ledger: record(steps.at(-1)?.ledger ?? EMPTY_LEDGER, note) }),
  })
  return steps
}

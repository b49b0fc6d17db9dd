/** Lives of servers on the virtual network, as notes: what the views are shown, the same every time. */
import { EMPTY_ROSTER, type Roster, type ServerNote, enrol } from '../../../src/roster.ts'
import { runScenario } from '../../../src/sim/run-scenario.ts'
import { type ScenarioInput, isServers, parseScenario } from '../../../src/sim/scenario.ts'

const from = (source: string, to: string, more: object = {}) => ({ source, to, transport: 'tcp' as const, ...more })

const SERVING: ScenarioInput = {
  config: [
    'mode server',
    'proto tcp',
    'bind-policy any',
    'max-clients 9',
    '<listen>\nlocal vpn.test\nport 443\n</listen>',
    '<listen>\nproto udp\n</listen>',
    '<listen>\nlocal 2001:db8:1:2:3:4:5:1\nport 8443\n</listen>',
    '<listen>\nlocal gone.test\n</listen>',
  ].join('\n'),
  names: {
    'vpn.test': [{ address: '2001:db8::fe' }, { address: '198.51.100.1', delayMs: 30 }, { address: '224.0.0.1' }],
    'gone.test': { fail: 'ENOTFOUND', afterMs: 10 },
  },
  self: ['198.51.100.1', '198.51.100.2', '2001:db8::fe'],
  timeline: [
    { atMs: 100, from: from('203.0.113.7:40000', '198.51.100.1:443', { count: 7, closeAfterMs: 2000 }) },
    { atMs: 150, from: from('[2001:db8:7::1]:40000', '[2001:db8::fe]:443') },
    { atMs: 200, from: from('203.0.113.8:5000', '198.51.100.2:1194', { transport: 'udp', send: 'hello' }) },
    { atMs: 300, from: from('203.0.113.9:40000', '198.51.100.1:443', { count: 40 }) },
    { atMs: 5000, die: { listener: '198.51.100.1:443/tcp', code: 'ENETDOWN' } },
    { atMs: 20_000, do: 'drain', graceMs: 1000 },
  ],
}

const REFUSED: ScenarioInput = {
  config: 'mode server\nlocal 198.51.100.1 443 tcp\nlocal 198.51.100.1 443 udp\nlocal 198.51.100.2 53 udp\n',
  self: ['198.51.100.1', '198.51.100.2'],
  binds: { '198.51.100.1:443/udp': 'EADDRINUSE' },
}

const WAITING: ScenarioInput = {
  config: 'mode server\nbind-policy any\nlocal 198.51.100.1 443 tcp\nlocal 198.51.100.9 443 tcp\n',
  self: ['198.51.100.1'],
  untilMs: 500,
}

export const SERVER_STORIES = { serving: SERVING, refused: REFUSED, waiting: WAITING } as const

interface Step {
  readonly note: ServerNote
  readonly roster: Roster
}

/** Every note with the roster after it. */
export function tellServer(story: ScenarioInput): readonly Step[] {
  const parsed = parseScenario(story)
  if (!('scenario' in parsed)) throw new Error(JSON.stringify(parsed.problems))
  const { scenario } = parsed
  if (!isServers(scenario)) throw new Error('no story of a server')
  const steps: Step[] = []
  runScenario(scenario, {
    onNote: (note) => void steps.push({ note, roster: enrol(steps.at(-1)?.roster ?? EMPTY_ROSTER, note) }),
  })
  return steps
}

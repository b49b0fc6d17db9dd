/**
 * Every transition of every machine is taken. What was taken is read from XState's inspection while the catalogue's
 * scenarios run, held and handed over, and then a few stages for what no network does by itself.
 */
import type { AnyStateNode, AnyTransitionDefinition, InspectionEvent } from 'xstate'
import { expect, test } from 'vitest'
import { clientMachine } from '../../machines/client.ts'
import { dialMachine } from '../../machines/dial.ts'
import { listenMachine } from '../../machines/listen.ts'
import { peerMachine } from '../../machines/peer.ts'
import { serverMachine } from '../../machines/server.ts'
import type { PeerConfigInput } from '../../src/config/peer-schema.ts'
import { runScenario } from '../../src/sim/run-scenario.ts'
import { catalogue, serverCatalogue } from '../scenarios/catalogue.ts'
import { PeerNet, type Peer, peerOn } from './peer-stage.ts'
import { serverStage } from './server-stage.ts'
import { stage } from './stage.ts'

type Inspect = (event: InspectionEvent) => void

/** `dial.dialing resolver.failed 1`: the state, the event, and which of the guarded ones. */
function nameOf(transition: AnyTransitionDefinition): string {
  const { source, eventType } = transition
  const siblings = eventType === '' ? source.always : source.transitions.get(eventType)
  return `${source.id} ${eventType || 'always'} ${siblings?.indexOf(transition as never)}`
}

function transitionsOf(node: AnyStateNode): string[] {
  const own = [...[...node.transitions.values()].flat(), ...(node.always ?? [])]
  return [...own.map(nameOf), ...Object.values(node.states).flatMap(transitionsOf)]
}

function tape(): { readonly taken: ReadonlySet<string>; readonly inspect: Inspect } {
  const taken = new Set<string>()
  const inspect: Inspect = (event) => {
    if (event.type !== '@xstate.microstep') return
    for (const transition of event._transitions) taken.add(nameOf(transition))
  }
  return { taken, inspect }
}

const ALL = [clientMachine, dialMachine, serverMachine, listenMachine].flatMap(({ root }) => transitionsOf(root))

const A = { host: '192.0.2.1', proto: 'tcp' } as const
const B = { host: '192.0.2.2', proto: 'tcp' } as const
const NAME = { host: 'a.test', proto: 'tcp' } as const

/** What no scenario does: each takes transitions of its own, and ends in a state that they alone lead to. */
const SCENES: readonly { readonly takes: string; readonly play: (inspect: Inspect) => void }[] = [
  {
    takes: 'client.idle stop 0',
    play: (inspect) => {
      const s = stage({ remotes: [A] }, { inspect })
      s.stop()
      expect([s.state(), s.lines()]).toEqual(['stopped', ['0 client stopped']])
    },
  },
  {
    takes: 'client.active peer.met 0',
    play: (inspect) => {
      const s = stage({ remotes: [A, B] }, { inspect })
      s.start()
      s.met('192.0.2.2')
      expect(s.alive().attempts).toEqual([2])
    },
  },
  {
    // Whoever hears that it has won may stop it in that very instant: too late, the socket was handed over.
    takes: 'client.active.stopping dial.won 0',
    play: (inspect) => {
      const s = stage({ remotes: [A] }, { inspect, release: true })
      s.actor.on('attempt.won', s.stop)
      s.start()
      const { heard } = s.attempt(1)
      s.connected(1)
      expect(heard).toEqual([{ type: 'attempt.accepted', attempt: 1, release: true }])
      expect(s.output()).toMatchObject({ outcome: 'released', attempt: 1, failure: null })
    },
  },
  {
    takes: 'client.backingOff peer.met 0',
    play: (inspect) => {
      const s = stage({ remotes: [A] }, { inspect })
      s.start()
      s.fail(1)
      s.met('192.0.2.9')
      expect(s.state()).toBe('backingOff')
      s.met('192.0.2.1')
      expect([s.state(), s.alive().attempts]).toEqual(['active:dialing', [2]])
    },
  },
  {
    takes: 'dial.dialing query.timedOut 0',
    play: (inspect) => {
      const s = stage({ remotes: [NAME], resolvRetry: 60_000, resolveTimeout: 1000 }, { inspect })
      s.start()
      s.wait(6000)
      expect(s.alive().queries).toEqual([2])
    },
  },
  {
    takes: 'dial.dialing peer.met 0',
    play: (inspect) => {
      const s = stage({ remotes: [A, B] }, { inspect })
      s.start()
      s.met('192.0.2.9')
      s.met('192.0.2.1')
      expect(s.alive().attempts).toEqual([1])
      s.met('192.0.2.2')
      s.fail(2)
      // What made room has its turn later.
      expect([s.alive().attempts, s.lines().filter((line) => line.includes('started'))]).toEqual([
        [3],
        [
          '0 round 1 started',
          '0 attempt 1 tcp 192.0.2.1:1194 started',
          '0 attempt 2 tcp 192.0.2.2:1194 started',
          '0 attempt 3 tcp 192.0.2.1:1194 started',
        ],
      ])
    },
  },
  {
    takes: 'dial.holding attempt.failed 0',
    play: (inspect) => {
      const s = stage({ remotes: [A, { ...A, port: 2 }] }, { inspect })
      s.start()
      s.connected(1)
      s.fail(1)
      expect([s.state(), s.alive().attempts]).toEqual(['active:dialing', [2]])
    },
  },
  {
    takes: 'server.idle drain 0',
    play: (inspect) => {
      const s = serverStage({ listen: [{}] }, { inspect })
      s.drain()
      expect([s.state(), s.lines()]).toEqual(['stopped', ['0 server stopped']])
    },
  },
]

test('every transition of every machine is taken, by the scenarios or on a stage of its own', () => {
  const byScenarios = tape()
  for (const { scenario } of catalogue())
    for (const release of [false, true]) runScenario(scenario, { release, inspect: byScenarios.inspect })
  for (const { scenario } of serverCatalogue()) runScenario(scenario, { inspect: byScenarios.inspect })
  // Else the two were not speaking of the same thing.
  expect(ALL).toEqual(expect.arrayContaining([...byScenarios.taken]))
  const left = ALL.filter((name) => !byScenarios.taken.has(name))
  expect(left).toEqual(SCENES.map(({ takes }) => takes))

  for (const { takes, play } of SCENES) {
    const { taken, inspect } = tape()
    play(inspect)
    expect([...taken]).toContain(takes)
  }
})

test('every transition of the peer machine is taken', () => {
  const { taken, inspect } = tape()
  const HOME = '198.51.100.1'
  const remotes = [{ host: '192.0.2.1' }]
  const waits: PeerConfigInput = { mode: 'p2p', sockets: 'roles', waits: true, listen: {} }
  const play = (input: PeerConfigInput, after: number, ...then: readonly ((peer: Peer, net: PeerNet) => void)[]) => {
    const net = new PeerNet()
    const peer = peerOn(net, [HOME], input, 1, { inspect })
    if (after > 0) peer.start()
    net.clock.runUntil(after)
    for (const step of then) {
      step(peer, net)
      net.clock.runUntil(net.clock.now() + 20_000)
    }
    peer.stop()
  }
  const everything = (peer: Peer) => {
    peer.actor.send({ type: 'network.changed' })
    peer.next()
    peer.reject(1)
  }
  const caller = (_: Peer, net: PeerNet) => {
    const of = { host: HOME, confirm: { kind: 'peer' } } as const
    const other = peerOn(net, ['203.0.113.1'], { mode: 'p2p', sockets: 'roles', remotes: [of] }, 2)
    other.start()
    net.clock.runUntil(net.clock.now() + 500)
    other.actor.stop()
  }

  play(waits, 0)
  play(waits, 10)
  play({ ...waits, listen: { host: 'silent.test' } }, 10)
  play({ ...waits, listen: { host: '192.0.2.9' } }, 10)
  play({ ...waits, listen: { host: '192.0.2.9' }, bindPolicy: 'any' }, 10)
  play({ mode: 'p2p', sockets: 'roles', remotes }, 10, everything)
  play({ mode: 'p2p', sockets: 'all', listen: {}, remotes, connectRetryMax: 1 }, 10, () => {})
  play({ mode: 'p2p', sockets: 'all', listen: {}, remotes: [{ host: '203.0.113.1' }] }, 10, caller)
  play({ ...waits, confirm: 'none' }, 10, (peer, net) => {
    const remote = { family: 'ipv4', address: '203.0.113.7', port: 5 } as const
    net.send(remote, { ...remote, address: HOME, port: 1194 }, new Uint8Array(1))
    net.send({ ...remote, port: 6 }, { ...remote, address: HOME, port: 1194 }, new Uint8Array(1))
    net.clock.runUntil(net.clock.now() + 10)
    everything(peer)
  })
  play(waits, 10, caller, (peer, net) => {
    net.clock.runUntil(net.clock.now() + 1)
    expect(peer.ledger().counters.won).toBe(1)
  })
  play({ ...waits, keepalive: { restart: 1_000 } }, 10, caller)
  play(waits, 10, (peer, net) => caller(peer, net), everything)
  const all = transitionsOf(peerMachine.root)
  expect(all.filter((name) => !taken.has(name))).toEqual([])
})

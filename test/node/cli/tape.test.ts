import { describe, expect, test } from 'vitest'
import { failure } from '../../../src/failure.ts'
import { clientTape, peerTape, serverTape } from '../../../src/node/cli/tape.ts'
import { runScenario } from '../../../src/sim/run-scenario.ts'
import { isPeers, parseScenario } from '../../../src/sim/scenario.ts'
import { PEER_STORIES, tellPeer } from './peer-stories.ts'
import { SERVER_STORIES, tellServer } from './server-stories.ts'
import { STORIES, tell } from './stories.ts'

describe.each(Object.entries(STORIES))('%s', (_, story) => {
  test('a run comes to the same result as the scenario that it went like', () => {
    const parsed = parseScenario(story)
    if (!('scenario' in parsed) || isPeers(parsed.scenario)) throw new Error('no scenario')
    const { atMs, ...expected } = runScenario(parsed.scenario)
    const tape = clientTape()
    for (const { note } of tell(story)) tape.note(note)
    expect(tape.result()).toMatchObject(expected)
    // A run knows no end of the scenario; what is pending there is as old as its last event.
    if (expected.outcome !== 'pending') expect(tape.result().atMs).toBe(atMs)
  })
})

describe.each(Object.entries(SERVER_STORIES))('%s', (name, story) => {
  test('a server that runs comes to the same result, but its listeners are those of the time before it was stopped', () => {
    const parsed = parseScenario(story)
    if (!('scenario' in parsed) || isPeers(parsed.scenario)) throw new Error('no scenario')
    const { sent: _, listeners: atEnd, ...expected } = runScenario(parsed.scenario)
    const tape = serverTape()
    for (const { note } of tellServer(story)) tape.note(note)
    const { listeners, ...result } = tape.result()
    expect(result).toEqual(expected)
    if (name !== 'serving') return expect(listeners).toEqual(atEnd)
    expect(new Set(atEnd?.map(({ state }) => state))).toEqual(new Set(['closed']))
    expect(listeners?.filter(({ state }) => state === 'bound')).toHaveLength(4)
  })
})

describe.each(Object.entries(PEER_STORIES))('%s', (_, story) => {
  test('a peer that runs comes to the same result, but its sockets are those of the time before it ended', () => {
    const parsed = parseScenario(story)
    if (!('scenario' in parsed) || !isPeers(parsed.scenario)) throw new Error('no scenario of peers')
    const { listeners: atEnd, ledger, trace, outcome, ...expected } = runScenario(parsed.scenario).peers.a
    const tape = peerTape()
    for (const { note } of tellPeer(story)) tape.note(note)
    const { listeners, ...result } = tape.result()
    expect(result).toMatchObject({ outcome, ledger, trace, atMs: expected.atMs })
    expect(result.winner).toEqual(expected.winner)
    expect(result.failure).toEqual(expected.failure)
    expect(listeners?.map(({ endpoint }) => endpoint)).toEqual(atEnd.map(({ endpoint }) => endpoint))
    if (outcome === 'connected') for (const { state } of listeners ?? []) expect(state).toBe('bound')
  })
})

test('of a peer that waits, a walk that fails is no outcome: the first one is whom it meets, or its own end', () => {
  const why = failure('EXHAUSTED', 'plan')
  const [tape, stopped] = [peerTape(), peerTape()]
  for (const one of [tape, stopped]) {
    one.note({ type: 'client.failed', at: 5, failure: why })
    expect(one.result()).toMatchObject({ outcome: 'pending', atMs: 5 })
    one.note({ type: 'client.stopped', at: 6 })
  }
  stopped.note({ type: 'peer.stopped', at: 7 })
  expect(stopped.result()).toMatchObject({ outcome: 'stopped', atMs: 7 })
  tape.note({ type: 'peer.failed', at: 8, failure: why })
  expect(tape.result()).toMatchObject({ outcome: 'failed', atMs: 8, failure: why })
})

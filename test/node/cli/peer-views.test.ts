import { afterEach, describe, expect, test, vi } from 'vitest'
import { failure } from '../../../src/failure.ts'
import { livePeer } from '../../../src/node/cli/live-peer.ts'
import { coloured, plain } from '../../../src/node/cli/paint.ts'
import { EMPTY_PEER, type PeerNote, followPeer } from '../../../src/node/cli/peer-state.ts'
import { peerView } from '../../../src/node/cli/view.ts'
import { FakeScreen } from './fake-io.ts'
import { PEER_STORIES, tellPeer } from './peer-stories.ts'
import { rowsAfter } from './terminal.ts'

const stories = Object.entries(PEER_STORIES).map(([name, story]) => ({
  name,
  waits: name === 'meeting',
  steps: tellPeer(story),
}))

afterEach(() => void vi.useRealTimers())
const fakeTime = () =>
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'setImmediate'] })

describe.each(stories)('a line for each event of $name', ({ name, waits, steps }) => {
  test.each([
    ['story', { verbose: false }],
    ['trace', { verbose: true }],
  ])('%s', async (how, options) => {
    const screen = new FakeScreen()
    const view = peerView(screen, plain, waits, options)
    for (const { note, state } of steps) view.note(note, state)
    view.end()
    await expect(screen.text).toMatchFileSnapshot(`golden/${how}-${name}.txt`)
  })
})

describe.each(stories)('the live view of $name', ({ name, waits, steps }) => {
  test.each([40, 80, 200])('%d columns: what the screen shows after each event', async (columns) => {
    fakeTime()
    const screen = new FakeScreen(columns)
    let now = 0
    const view = livePeer(screen, coloured, waits, () => now)
    const shown: string[] = []
    for (const { note, state } of steps) {
      vi.advanceTimersByTime(note.at - now)
      now = note.at
      view.note(note, state)
      const rows = rowsAfter(screen.text, columns).join('\n')
      if (rows !== shown.at(-1)?.split('\n').slice(1).join('\n')) shown.push(`--- ${note.at} ms\n${rows}`)
    }
    view.end()
    expect(vi.getTimerCount()).toBe(0)
    expect(screen.listenerCount('resize')).toBe(0)
    await expect(`${shown.join('\n')}\n`).toMatchFileSnapshot(`golden/live-${name}-${columns}.txt`)
  })

  test('no line is wider than the screen, and no more of them than it is high', () => {
    fakeTime()
    for (let columns = 40; columns <= 200; columns += 7) {
      const screen = new FakeScreen(columns)
      screen.rows = 12
      const view = livePeer(screen, plain, waits, () => 0)
      for (const { note, state } of steps) {
        view.note(note, state)
        const before = screen.text.length
        // Draws the table anew, and nothing else.
        screen.emit('resize')
        const drawn = screen.text.slice(before).split('\u001B[J').at(-1)?.split('\n') ?? []
        expect(Math.max(...drawn.map((line) => line.length))).toBeLessThan(columns)
        expect(drawn.length).toBeLessThanOrEqual(12)
      }
      view.end()
    }
  })
})

describe('the live view of a peer', () => {
  const [{ steps } = { steps: [] }] = stories
  const after = (...notes: PeerNote[]) => {
    let state = EMPTY_PEER
    return notes.map((note) => ({ note, state: (state = followPeer(state, note)) }))
  }
  const endpoint = { family: 'ipv4', address: '0.0.0.0', port: 1194 } as const
  const BOUND: PeerNote[] = [
    { type: 'listener.started', at: 0, listener: 1, block: 0, transport: 'udp', endpoint },
    { type: 'listener.bound', at: 1, listener: 1, local: endpoint },
  ]

  test('while the screen is the connection’s, sentences come between its lines, and the table waits for the loss', () => {
    fakeTime()
    const screen = new FakeScreen(80)
    const view = livePeer(screen, plain, false, () => 0)
    const [win, loss] = ['attempt.won', 'attempt.lost'].map((type) => steps.findIndex(({ note }) => note.type === type))
    for (const { note, state } of steps.slice(0, (win ?? 0) + 1)) view.note(note, state)
    view.settle()
    const table = rowsAfter(screen.text, 80).slice(0, -1)
    screen.write('half a line')
    const why = failure('ONE_SESSION', 'accept')
    const { state } = steps[win ?? 0] ?? { state: EMPTY_PEER }
    view.note({ type: 'peer.refused', at: 8000, listener: 1, remote: endpoint, failure: why }, state)
    const rows = rowsAfter(screen.text, 80)
    expect(rows.slice(0, table.length + 1)).toEqual([...table, 'half a line'])
    expect(rows[table.length + 1]).toMatch(/^ +8 s {2}refused 0\.0\.0\.0:1194, by udp 0\.0\.0\.0:1194: /)
    // The table is not drawn below that.
    expect(rows.slice(table.length + 1).join('\n')).not.toMatch(/won|bound/)
    const { note, state: lost } = steps[loss ?? 0] ?? { note: BOUND[0] as PeerNote, state: EMPTY_PEER }
    view.note(note, lost)
    expect(rowsAfter(screen.text, 80).at(-2)).toMatch(/^lost: .*\(PING_RESTART\)$/)
    view.end()
  })

  test('who has bound and tries nobody waits; whose walk is over waits again, and that is no failure', () => {
    const screen = new FakeScreen(80)
    const view = livePeer(screen, plain, true, () => 0)
    const status = () => rowsAfter(screen.text, 80).at(-2)
    const remote = { index: 0, host: '192.0.2.1', port: 1194 }
    const candidate = {
      remote: 0,
      transport: 'udp',
      family: 'ipv4',
      address: '192.0.2.1',
      port: 1194,
      hops: [],
    } as const
    const [binding, bound, round, started, failed, over, ended] = after(
      ...BOUND,
      { type: 'round.started', at: 2, round: 1 },
      { type: 'attempt.started', at: 2, attempt: 1, remote, candidate },
      { type: 'attempt.failed', at: 3, attempt: 1, failure: failure('TIMEOUT', 'confirm') },
      { type: 'round.failed', at: 3, round: 1 },
      { type: 'client.failed', at: 3, failure: failure('EXHAUSTED', 'plan') },
    )
    const tell = (step: { note: PeerNote; state: typeof EMPTY_PEER } | undefined) => {
      if (step) view.note(step.note, step.state)
    }
    tell(binding)
    expect(status()).toBe('  1  binding  udp 0.0.0.0:1194')
    tell(bound)
    expect(status()).toBe('waiting for the peer')
    for (const step of [round, started, failed, over]) tell(step)
    expect(status()).toMatch(/^ {2}1 {2}udp 192\.0\.2\.1:1194 +failed .* TIMEOUT$|\(TIMEOUT\)$/)
    tell(ended)
    expect(status()).toBe('waiting for the peer')
    view.end()
    expect(rowsAfter(screen.text, 80)).toEqual([''])
  })
})

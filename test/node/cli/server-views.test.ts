import { stripVTControlCharacters } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { failure } from '../../../src/failure.ts'
import { collapse } from '../../../src/node/cli/collapse.ts'
import { liveServer } from '../../../src/node/cli/live-server.ts'
import { coloured, plain } from '../../../src/node/cli/paint.ts'
import { liveRosterLines, rosterLines } from '../../../src/node/cli/roster-view.ts'
import { serverView } from '../../../src/node/cli/view.ts'
import { EMPTY_ROSTER, type Roster, type RosterEntry } from '../../../src/roster.ts'
import { FakeScreen } from './fake-io.ts'
import { SERVER_STORIES, tellServer } from './server-stories.ts'
import { rowsAfter } from './terminal.ts'

const stories = Object.entries(SERVER_STORIES).map(([name, story]) => ({ name, steps: tellServer(story) }))
/** As it was before it was told to stop. */
const rosterOf = (steps: ReturnType<typeof tellServer>): Roster =>
  steps.findLast(({ note }) => !/draining|closed|dropped|stopped/.test(note.type))?.roster ?? EMPTY_ROSTER

afterEach(() => void vi.useRealTimers())

describe.each(stories)('the roster of $name', ({ name, steps }) => {
  test.each([
    [40, 'plain', plain],
    [80, 'plain', plain],
    [80, 'colour', coloured],
    [200, 'plain', plain],
    [200, 'colour', coloured],
  ] as const)('%d columns, %s', async (width, how, paint) => {
    const text = rosterLines(rosterOf(steps), { width, paint }).join('\n')
    await expect(`${text}\n`).toMatchFileSnapshot(`golden/roster-${name}-${width}-${how}.txt`)
  })

  test('no live line is longer than the screen is wide, and colours change nothing but colours', () => {
    const { listeners } = rosterOf(steps)
    for (let width = 5; width <= 200; width++) {
      const bare = liveRosterLines(listeners, () => 1500, { width, paint: plain })
      expect(Math.max(...bare.map((line) => line.length))).toBeLessThanOrEqual(width)
      expect(liveRosterLines(listeners, () => 1500, { width, paint: coloured }).map(stripVTControlCharacters)).toEqual(
        bare,
      )
    }
  })
})

test.each([36, 40, 60, 80, 81, 100, 200])('at %d columns no line of a roster is too long', (width) => {
  for (const { steps } of stories)
    for (const line of rosterLines(rosterOf(steps), { width, paint: plain }))
      expect(line.length).toBeLessThanOrEqual(width)
})

describe.each(stories)('a line for each event of $name', ({ name, steps }) => {
  test.each([
    ['story', { verbose: false }],
    ['trace', { verbose: true }],
  ])('%s', async (how, options) => {
    const screen = new FakeScreen()
    const view = serverView(screen, plain, options)
    for (const { note, roster } of steps) view.note(note, roster)
    view.end()
    await expect(screen.text).toMatchFileSnapshot(`golden/${how}-${name}.txt`)
  })
})

describe.each(stories)('the live view of $name', ({ name, steps }) => {
  test.each([40, 80, 200])('%d columns: what the screen shows after each event', async (columns) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'setImmediate'] })
    const screen = new FakeScreen(columns)
    let now = 0
    const view = liveServer(screen, coloured, () => now)
    const shown: string[] = []
    for (const { note, roster } of steps) {
      vi.advanceTimersByTime(note.at - now)
      now = note.at
      view.note(note, roster)
      const rows = rowsAfter(screen.text, columns).join('\n')
      if (rows !== shown.at(-1)?.split('\n').slice(1).join('\n')) shown.push(`--- ${note.at} ms\n${rows}`)
    }
    view.end()
    expect(vi.getTimerCount()).toBe(0)
    shown.push(`--- the end\n${rowsAfter(screen.text, columns).join('\n')}`)
    await expect(`${shown.join('\n')}\n`).toMatchFileSnapshot(`golden/live-${name}-${columns}.txt`)
  })
})

describe('the live view of a server', () => {
  const entry = (listener: number, state: RosterEntry['state']): RosterEntry => {
    const endpoint = { family: 'ipv4', address: '192.0.2.1', port: 1000 + listener } as const
    const why = state === 'waiting' ? failure('EADDRINUSE', 'bind') : null
    return { listener, block: 0, transport: 'udp', endpoint, local: null, state, failure: why }
  }

  test('where there is no room for all listeners, those that are not bound are shown', () => {
    const screen = new FakeScreen(80)
    screen.rows = 8
    const view = liveServer(screen, plain, () => 0)
    const listeners = Array.from({ length: 50 }, (_, i) => entry(i + 1, i === 30 ? 'waiting' : 'bound'))
    view.note({ type: 'server.listening', at: 1, bound: 49 }, { ...EMPTY_ROSTER, listeners })
    const rows = rowsAfter(screen.text, 80)
    view.end()
    expect(rows).toHaveLength(8)
    expect(rows[0]).toBe('… 46 more listeners')
    expect(rows.filter((row) => /\d {2}\w+ +udp/.test(row)).map((row) => row.slice(0, 12))).toEqual([
      '  1  bound  ',
      '  2  bound  ',
      '  3  bound  ',
      ' 31  waiting',
    ])
  })

  test('a pause counts down, and stands still when it is over', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setImmediate'] })
    const screen = new FakeScreen(80)
    let now = 0
    const view = liveServer(screen, plain, () => now)
    const roster = { ...EMPTY_ROSTER, listeners: [entry(1, 'waiting')] }
    view.note({ type: 'listener.waiting', at: 0, listener: 1, ms: 3000 }, roster)
    const shown = () => / again in (\d) s/.exec(rowsAfter(screen.text, 80)[0] ?? '')?.[1]
    expect(shown()).toBe('3')
    const before = screen.text
    vi.advanceTimersByTime(251)
    expect(screen.text).toBe(before)
    now = 1500
    vi.advanceTimersByTime(251)
    expect(shown()).toBe('2')
    view.note(
      {
        type: 'listener.started',
        at: 3000,
        listener: 1,
        block: 0,
        transport: 'udp',
        endpoint: entry(1, 'binding').endpoint,
      },
      { ...EMPTY_ROSTER, listeners: [entry(1, 'binding')] },
    )
    expect(shown()).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
    view.end()
  })

  test('a name that is looked up again hides what is listened on for that while only; how many there are is of the moment', () => {
    const screen = new FakeScreen(80)
    const view = liveServer(screen, plain, () => 0)
    const roster = (...states: RosterEntry['state'][]) => ({
      ...EMPTY_ROSTER,
      listeners: states.map((state, i) => entry(i + 1, state)),
    })
    const status = () => rowsAfter(screen.text, 80).at(-2)
    const lookup = { query: 3, block: 1 } as const
    view.note({ type: 'server.listening', at: 1, bound: 2 }, roster('bound', 'bound'))
    expect(status()).toBe('listening on 2 sockets')
    view.note(
      { type: 'query.started', at: 2, ...lookup, host: 'gone.test', families: ['ipv4'] },
      roster('bound', 'bound'),
    )
    expect(status()).toBe('looking up gone.test')
    const why = failure('ENOTFOUND', 'resolve')
    view.note({ type: 'query.failed', at: 3, ...lookup, failure: why }, roster('bound', 'waiting'))
    expect(status()).toBe('listening on one socket')
    view.note({ type: 'listener.lost', at: 4, listener: 1, failure: why }, roster('failed', 'waiting'))
    expect(status()).toBe('listening on no sockets')
    view.end()
  })

  test('a thousand clients are drawn a few times only', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate'] })
    const screen = new FakeScreen(80)
    const view = liveServer(screen, plain, () => 0)
    const remote = { family: 'ipv4', address: '203.0.113.1', port: 4000 } as const
    const roster = (accepted: number) => ({
      listeners: [entry(1, 'bound')],
      counters: { ...EMPTY_ROSTER.counters, accepted, live: accepted },
    })
    view.note({ type: 'server.listening', at: 0, bound: 1 }, roster(0))
    const before = screen.text.length
    for (let peer = 1; peer <= 1000; peer++)
      view.note({ type: 'peer.accepted', at: peer, peer, listener: 1, remote }, roster(peer))
    vi.advanceTimersByTime(101)
    expect(rowsAfter(screen.text, 80)).toContain('1000 clients; 1000 accepted, 0 refused, 0 dropped')
    // Five lines, each of them with the table below, and the table once more.
    expect(screen.text.slice(before).split('\u001B[J').length - 1).toBe(6)
    view.end()
    expect(screen.text).toContain('and 995 more have come')
  })
})

describe('lines in crowds', () => {
  const told: string[] = []
  const begin = () => {
    vi.useFakeTimers()
    told.length = 0
    return collapse((at, [sentence]) => told.push(`${at} ${sentence}`))
  }

  test('of each kind the first five are told, then numbers once a second, until a second has passed without', () => {
    const lines = begin()
    for (let i = 1; i <= 42; i++) lines.tell(i, [`no ${i}`], 'are refused')
    lines.tell(43, ['another'], 'have gone')
    lines.tell(44, ['always'])
    expect(told).toEqual(['1 no 1', '2 no 2', '3 no 3', '4 no 4', '5 no 5', '43 another', '44 always'])
    vi.advanceTimersByTime(1000)
    lines.tell(1050, ['no 43'], 'are refused')
    lines.tell(1051, ['one more'], 'have gone')
    vi.advanceTimersByTime(1000)
    vi.advanceTimersByTime(1000)
    lines.tell(3050, ['no 44'], 'are refused')
    expect(told.slice(7)).toEqual([
      '42 and 37 more are refused',
      '1051 one more',
      '1050 and 1 more are refused',
      '3050 no 44',
    ])
    lines.end()
  })

  test('what was counted is told at the end, and no timer is left', () => {
    const lines = begin()
    for (let i = 1; i <= 7; i++) lines.tell(i, ['gone'], 'have gone')
    lines.end()
    expect(told.at(-1)).toBe('7 and 2 more have gone')
    expect(vi.getTimerCount()).toBe(0)
  })
})

import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { EMPTY_LEDGER, type Ledger, type Note, entriesOf, record } from '../../../src/ledger.ts'
import { ledgerLines, liveLines } from '../../../src/node/cli/ledger-view.ts'
import { liveClient } from '../../../src/node/cli/live-client.ts'
import { coloured, plain } from '../../../src/node/cli/paint.ts'
import { type ClientView, clientView } from '../../../src/node/cli/view.ts'
import { FakeScreen } from './fake-io.ts'
import { STORIES, tell as notesOf } from './stories.ts'
import { rowsAfter } from './terminal.ts'

const stories = Object.entries(STORIES).map(([name, story]) => ({ name, steps: notesOf(story) }))
const ledgerOf = (steps: ReturnType<typeof notesOf>) => entriesOf(steps.at(-1)?.ledger ?? EMPTY_LEDGER)

describe.each(stories)('the ledger of $name', ({ name, steps }) => {
  test.each([
    [40, 'plain', plain],
    [80, 'plain', plain],
    [80, 'colour', coloured],
    [200, 'plain', plain],
    [200, 'colour', coloured],
  ] as const)('%d columns, %s', async (width, how, paint) => {
    const text = ledgerLines(ledgerOf(steps), { width, paint }).join('\n')
    await expect(`${text}\n`).toMatchFileSnapshot(`golden/ledger-${name}-${width}-${how}.txt`)
  })

  test('no live line is longer than the screen is wide, and colours change nothing but colours', () => {
    for (let width = 5; width <= 200; width++) {
      const bare = liveLines(ledgerOf(steps), 2500, { width, paint: plain }).flat()
      expect(Math.max(...bare.map((line) => line.length))).toBeLessThanOrEqual(width)
      expect(liveLines(ledgerOf(steps), 2500, { width, paint: coloured }).flat().map(stripVTControlCharacters)).toEqual(
        bare,
      )
    }
  })
})

test.each([36, 40, 60, 80, 81, 100, 200])('at %d columns no line of a ledger is broken in a word', (width) => {
  for (const { steps } of stories)
    for (const line of ledgerLines(ledgerOf(steps), { width, paint: plain }))
      expect(line.length).toBeLessThanOrEqual(width)
})

test('on a narrow screen a live entry has two lines, and what became of it is whole', () => {
  const [{ steps } = { steps: [] }] = stories
  const lines = liveLines(ledgerOf(steps), 2500, { width: 39, paint: plain })
  expect(lines.slice(0, 2)).toEqual([
    ['  -  tcp 224.0.0.1:1194', '     skipped              BAD_ADDRESS'],
    ['  1  tcp [2001:db8:1:2:3:4:5:1]:1194', '     failed          2 s  TIMEOUT'],
  ])
})

test('R9 where a live line has no room for a way, it has its end', () => {
  const { steps } = stories.find(({ name }) => name === 'hops') ?? { steps: [] }
  const third = (width: number) => liveLines(ledgerOf(steps), 2500, { width, paint: plain })[2]
  expect(third(100)).toEqual([
    '  3  tcp 198.51.100.2:1080            vpn.test:443  hop 2 failed             720 ms  HOP_REFUSED',
  ])
  expect(third(80)).toEqual([
    '  3  tcp 198.51.100.2:1080            vpn.test:443',
    '     hop 2 failed             720 ms  HOP_REFUSED',
  ])
  expect(third(39)).toEqual([
    '  3  tcp 198.51.100.2:1080',
    '     vpn.test:443',
    '     hop 2 failed   720 ms  HOP_REFUSED',
  ])
})

test('R9 a live line says which hop is being negotiated with, and confirms only behind the last', () => {
  const { steps } = stories.find(({ name }) => name === 'hops') ?? { steps: [] }
  const from = steps.findIndex(({ note }) => note.type === 'attempt.negotiated')
  const { note, ledger } = steps[from] as (typeof steps)[number]
  const fateAt = (current: Ledger, width: number) =>
    liveLines(current.current, note.at, { width, paint: plain }).at(-1)?.at(-1)
  expect(note).toMatchObject({ hop: 1 })
  expect(fateAt(ledger, 80)).toContain('     negotiating with hop 2 ')
  expect(fateAt(ledger, 39)).toContain('     at hop 2 ')
  const next = record(ledger, { ...(note as Extract<Note, { type: 'attempt.negotiated' }>), hop: 2 })
  expect(fateAt(next, 80)).toContain('     confirming ')
  expect(fateAt(next, 39)).toContain('     confirming ')
})

describe.each(stories)('a line for each event of $name', ({ name, steps }) => {
  test.each([
    ['story', { verbose: false }],
    ['trace', { verbose: true }],
  ])('%s', async (how, options) => {
    const screen = new FakeScreen()
    const view = clientView(screen, plain, options)
    for (const { note, ledger } of steps) view.note(note, ledger)
    view.end()
    await expect(screen.text).toMatchFileSnapshot(`golden/${how}-${name}.txt`)
  })
})

describe.each(stories)('the live view of $name', ({ name, steps }) => {
  test.each([40, 80, 200])('%d columns: what the screen shows after each event', async (columns) => {
    const screen = new FakeScreen(columns)
    let now = 0
    const view = liveClient(screen, coloured, () => now)
    const shown: string[] = []
    for (const { note, ledger } of steps) {
      now = note.at
      view.note(note, ledger)
      const rows = rowsAfter(screen.text, columns).join('\n')
      if (rows !== shown.at(-1)?.split('\n').slice(1).join('\n')) shown.push(`--- ${note.at} ms\n${rows}`)
    }
    view.end()
    expect(rowsAfter(screen.text, columns)).toEqual([''])
    await expect(`${shown.join('\n')}\n`).toMatchFileSnapshot(`golden/live-${name}-${columns}.txt`)
  })
})

describe('the live view', () => {
  const [first = { name: '', steps: [] }] = stories

  test('a sentence stays above the table', () => {
    const screen = new FakeScreen(80)
    const view = liveClient(screen, plain, () => 0)
    const [one, two] = first.steps
    if (one) view.note(one.note, one.ledger)
    view.say('Hear, hear.')
    if (two) view.note(two.note, two.ledger)
    expect(rowsAfter(screen.text, 80)).toEqual(['Hear, hear.', 'looking up vpn.test', ''])
    view.end()
    expect(rowsAfter(screen.text, 80)).toEqual(['Hear, hear.', ''])
    view.say('And after the end.')
    expect(rowsAfter(screen.text, 80)).toEqual(['Hear, hear.', 'And after the end.', ''])
  })

  /** The story's notes by their place; the win is the last of the first life. */
  const win = first.steps.findIndex(({ note }) => note.type === 'attempt.won')
  const loss = first.steps.findIndex(({ note }) => note.type === 'attempt.lost')
  const joined = (columns: number) => {
    const screen = new FakeScreen(columns)
    const view = liveClient(screen, plain, () => 0)
    for (const { note, ledger } of first.steps.slice(0, win + 1)) view.note(note, ledger)
    view.settle()
    return { screen, view, table: rowsAfter(screen.text, columns).slice(0, -1) }
  }
  const tell = (view: ClientView, at: number) => {
    const step = first.steps[at]
    if (step) view.note(step.note, step.ledger)
  }

  test.each([40, 80])('while the screen is a connection’s, the table stands (%d columns)', (columns) => {
    const { screen, view, table } = joined(columns)
    screen.write('half a line')
    view.note({ type: 'network.changed', at: 3000 }, first.steps[win]?.ledger ?? EMPTY_LEDGER)
    screen.emit('resize')
    view.renew()
    expect(rowsAfter(screen.text, columns)).toEqual([...table, 'half a line'])
    view.say('a sentence')
    screen.write('and more')
    expect(rowsAfter(screen.text, columns)).toEqual([...table, 'half a line', 'a sentence', 'and more'])
    view.end()
    screen.write('the ledger\n')
    expect(rowsAfter(screen.text, columns)).toEqual([
      ...table,
      'half a line',
      'a sentence',
      'and more',
      'the ledger',
      '',
    ])
  })

  test.each([
    ['half a line', ['half a line']],
    ['a line\n', ['a line']],
    ['', []],
    ['x'.repeat(80), ['x'.repeat(80)]],
    ['x'.repeat(100), ['x'.repeat(80), 'x'.repeat(20)]],
  ])('after a loss a new table begins on a fresh line, and only that one is redrawn: %j', (bytes, shown) => {
    const { screen, view, table } = joined(80)
    screen.write(bytes)
    tell(view, loss)
    const rows = rowsAfter(screen.text, 80)
    expect(rows.slice(0, table.length + shown.length)).toEqual([...table, ...shown])
    expect(rows.at(-2)).toBe('lost: the peer reset the connection (ECONNRESET)')
    expect(rows.length).toBe(2 * table.length + shown.length + 1)
    tell(view, loss + 1)
    expect(rowsAfter(screen.text, 80).slice(0, table.length + shown.length)).toEqual([...table, ...shown])
    view.end()
    expect(rowsAfter(screen.text, 80)).toEqual([...table, ...shown, ''])
  })

  test.each([true, false])('after `fg` a new table begins: the lines above are the shell’s', (isForewarned) => {
    const screen = new FakeScreen(80)
    const view = liveClient(screen, plain, () => 0)
    tell(view, 0)
    tell(view, 1)
    if (isForewarned) {
      // What happened while it was stopped may be told before SIGCONT is.
      view.suspend()
      screen.write('^Z\n[1]+  Stopped\n$ fg\nsockchart run\n')
    } else {
      screen.write('^Z\n[1]+  Stopped\n$ fg\nsockchart run')
      view.renew()
    }
    tell(view, 2)
    view.end()
    const above = ['looking up vpn.test', '^Z', '[1]+  Stopped', '$ fg', 'sockchart run']
    expect(rowsAfter(screen.text, 80)).toEqual([...above, ''])
  })

  test('a line for each event begins on a fresh line, too, when the terminal is shared', () => {
    const screen = new FakeScreen(80)
    const view = clientView(screen, plain, { verbose: true })
    tell(view, 0)
    view.settle()
    screen.write('half a line')
    tell(view, 1)
    screen.write('^C')
    view.end()
    screen.write('interrupted\n')
    expect(rowsAfter(screen.text, 80)).toEqual([
      '      0 round 1 started',
      'half a line',
      '      0 query 1 vpn.test ipv4 ipv6 started',
      '^C',
      'interrupted',
      '',
    ])
  })

  test('a terminal that becomes narrower has broken the lines; all of them are taken away', () => {
    const screen = new FakeScreen(80)
    const view = liveClient(screen, plain, () => 2000)
    for (const { note, ledger } of first.steps.slice(0, 8)) view.note(note, ledger)
    const before = rowsAfter(screen.text, 80)
    screen.columns = 40
    screen.emit('resize')
    // The terminal has reflowed what was there.
    const reflowed = before.map((line) => line.replace(/.{40}(?=.)/g, '$&\n')).join('\n')
    const after = screen.text.slice(screen.text.lastIndexOf('\u001B[J') - 10)
    const rows = rowsAfter(`${reflowed}${after.slice(after.indexOf('\u001B['))}`, 40)
    view.end()
    // Two lines for each entry now.
    expect(rows.length).toBe((before.length - 1) * 2 + 1)
    expect(rows.every((row) => row.length < 40)).toBe(true)
  })

  test('a screen of few rows shows the newest attempts', () => {
    const screen = new FakeScreen(80)
    screen.rows = 5
    const view = liveClient(screen, plain, () => 0)
    for (const { note, ledger } of first.steps.slice(0, 12)) view.note(note, ledger)
    const rows = rowsAfter(screen.text, 80)
    view.end()
    expect(rows.length).toBeLessThanOrEqual(5)
    expect(rows[0]).toMatch(/^… \d+ earlier$/)
  })

  test('a running time moves on four times a second; when nothing runs, nothing is drawn', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setImmediate'] })
    const screen = new FakeScreen(80)
    let now = 0
    const view = liveClient(screen, plain, () => now)
    const isWin = first.steps.findIndex(({ note }) => note.type === 'attempt.won')
    for (const { note, ledger } of first.steps.slice(0, 6)) view.note(note, ledger)
    now = 1260
    vi.advanceTimersByTime(251)
    expect(rowsAfter(screen.text, 80)[1]).toMatch(/connecting +1\.3 s$/)
    for (const { note, ledger } of first.steps.slice(6, isWin + 1)) view.note(note, ledger)
    vi.advanceTimersByTime(251)
    expect(vi.getTimerCount()).toBe(0)
    view.end()
    vi.useRealTimers()
  })

  test('a pause counts down', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setImmediate'] })
    const screen = new FakeScreen(80)
    let now = 0
    const view = liveClient(screen, plain, () => now)
    const steps = notesOf(STORIES.failure)
    const pause = steps.findIndex(({ note }) => note.type === 'backoff.started')
    for (const { note, ledger } of steps.slice(0, pause + 1)) view.note(note, ledger)
    expect(rowsAfter(screen.text, 80).at(-2)).toBe('next round in 4 s')
    now = 2000
    vi.advanceTimersByTime(251)
    expect(rowsAfter(screen.text, 80).at(-2)).toBe('next round in 2 s')
    view.end()
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
})

import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { EMPTY_LEDGER, entriesOf } from '../../../src/ledger.ts'
import { ledgerLines, liveLines } from '../../../src/node/cli/ledger-view.ts'
import { liveView } from '../../../src/node/cli/live-view.ts'
import { coloured, plain } from '../../../src/node/cli/paint.ts'
import { viewOn } from '../../../src/node/cli/view.ts'
import { FakeScreen } from './fake-io.ts'
import { STORIES, tell } from './stories.ts'
import { rowsAfter } from './terminal.ts'

const stories = Object.entries(STORIES).map(([name, story]) => ({ name, steps: tell(story) }))
const ledgerOf = (steps: ReturnType<typeof tell>) => entriesOf(steps.at(-1)?.ledger ?? EMPTY_LEDGER)

describe.each(stories)('the ledger of $name', ({ name, steps }) => {
  test.each([
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
      const bare = liveLines(ledgerOf(steps), 2500, { width, paint: plain })
      expect(Math.max(...bare.map((line) => line.length))).toBeLessThanOrEqual(width)
      expect(liveLines(ledgerOf(steps), 2500, { width, paint: coloured }).map(stripVTControlCharacters)).toEqual(bare)
    }
  })
})

describe.each(stories)('a line for each event of $name', ({ name, steps }) => {
  test.each([
    ['story', { verbose: false }],
    ['trace', { verbose: true }],
  ])('%s', async (how, options) => {
    const screen = new FakeScreen()
    const view = viewOn(screen, plain, options)
    for (const { note, ledger } of steps) view.note(note, ledger)
    view.end()
    await expect(screen.text).toMatchFileSnapshot(`golden/${how}-${name}.txt`)
  })
})

describe.each(stories)('the live view of $name', ({ name, steps }) => {
  test.each([80, 200])('%d columns: what the screen shows after each event', async (columns) => {
    const screen = new FakeScreen(columns)
    let now = 0
    const view = liveView(screen, coloured, () => now)
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
    const view = liveView(screen, plain, () => 0)
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

  test('once settled the screen is somebody else’s until the next event', () => {
    const screen = new FakeScreen(80)
    const view = liveView(screen, plain, () => 0)
    const [one, two] = first.steps.slice(1)
    if (one) view.note(one.note, one.ledger)
    view.settle()
    screen.write('data of the connection\n')
    screen.emit('resize')
    expect(rowsAfter(screen.text, 80)).toEqual(['looking up vpn.test', 'data of the connection', ''])
    view.say('a sentence')
    expect(rowsAfter(screen.text, 80)).toEqual(['looking up vpn.test', 'data of the connection', 'a sentence', ''])
    if (two) view.note(two.note, two.ledger)
    view.end()
    expect(rowsAfter(screen.text, 80)).toEqual(['looking up vpn.test', 'data of the connection', 'a sentence', ''])
  })

  test('a terminal that becomes narrower has broken the lines; all of them are taken away', () => {
    const screen = new FakeScreen(80)
    const view = liveView(screen, plain, () => 2000)
    for (const { note, ledger } of first.steps.slice(0, 8)) view.note(note, ledger)
    const before = rowsAfter(screen.text, 80)
    screen.columns = 40
    screen.emit('resize')
    // The terminal has reflowed what was there.
    const reflowed = before.map((line) => line.replace(/.{40}(?=.)/g, '$&\n')).join('\n')
    const after = screen.text.slice(screen.text.lastIndexOf('\u001B[J') - 10)
    const rows = rowsAfter(`${reflowed}${after.slice(after.indexOf('\u001B['))}`, 40)
    view.end()
    expect(rows.length).toBe(before.length)
    expect(rows.every((row) => row.length < 40)).toBe(true)
  })

  test('a screen of few rows shows the newest attempts', () => {
    const screen = new FakeScreen(80)
    screen.rows = 5
    const view = liveView(screen, plain, () => 0)
    for (const { note, ledger } of first.steps.slice(0, 12)) view.note(note, ledger)
    const rows = rowsAfter(screen.text, 80)
    view.end()
    expect(rows.length).toBeLessThanOrEqual(5)
    expect(rows[0]).toMatch(/^… \d+ earlier$/)
  })

  test('a running time moves on four times a second; when nothing runs, nothing is drawn', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const screen = new FakeScreen(80)
    let now = 0
    const view = liveView(screen, plain, () => now)
    const isWin = first.steps.findIndex(({ note }) => note.type === 'attempt.won')
    for (const { note, ledger } of first.steps.slice(0, 6)) view.note(note, ledger)
    now = 1260
    vi.advanceTimersByTime(250)
    expect(rowsAfter(screen.text, 80)[1]).toMatch(/connecting +1\.3 s$/)
    for (const { note, ledger } of first.steps.slice(6, isWin + 1)) view.note(note, ledger)
    vi.advanceTimersByTime(250)
    expect(vi.getTimerCount()).toBe(0)
    view.end()
    vi.useRealTimers()
  })

  test('a pause counts down', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const screen = new FakeScreen(80)
    let now = 0
    const view = liveView(screen, plain, () => now)
    const steps = tell(STORIES.failure)
    const pause = steps.findIndex(({ note }) => note.type === 'backoff.started')
    for (const { note, ledger } of steps.slice(0, pause + 1)) view.note(note, ledger)
    expect(rowsAfter(screen.text, 80).at(-2)).toBe('next round in 4 s')
    now = 2000
    vi.advanceTimersByTime(250)
    expect(rowsAfter(screen.text, 80).at(-2)).toBe('next round in 2 s')
    view.end()
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
})

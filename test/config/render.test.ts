import { describe, expect, test } from 'vitest'
import type { Issue } from '../../src/config/issue.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { renderIssue, renderIssues } from '../../src/config/render.ts'

const issue: Issue = {
  severity: 'error',
  code: 'value',
  message: 'no',
  file: 'x',
  line: 7,
  column: 8,
  length: 5,
  excerpt: 'remote vpn.x 443',
}

test('place, message, the line with a caret, a hint', () => {
  const { issues } = parseConfig({ file: 'client.ovpn', text: 'client\nproto udp9\nremote h https' })
  expect(renderIssues(issues)).toBe(`client.ovpn:2:7: error[value]: "udp9" is no protocol
  proto udp9
        ^~~~
hint: write udp or tcp
client.ovpn:3:10: error[value]: a port is a number from 1 to 65535, not "https"
  remote h https
           ^~~~~
hint: write its number: names of services are not looked up
2 errors`)
})

test('the command line is a place of its own', () => {
  const { issues } = parseConfig({ file: 'f', text: 'client\nremote h' }, { argv: ['--proto', 'udp9'] })
  expect(renderIssues(issues)).toBe(`command line: --proto: error[value]: "udp9" is no protocol
  --proto udp9
          ^~~~
hint: write udp or tcp
1 error`)
})

test('the object form has a path and no line', () => {
  const found: Issue = { ...issue, line: 0, column: 0, excerpt: undefined, path: 'remotes[0].port' }
  expect(renderIssue(found)).toBe('remotes[0].port: error[value]: no')
  expect(renderIssue({ ...found, path: '', file: 'configuration' })).toBe('configuration: error[value]: no')
})

test('nothing to say is nothing', () => {
  expect(renderIssues([])).toBe('')
})

test('the counts', () => {
  const of = (severity: Issue['severity']): Issue => ({ ...issue, severity, excerpt: undefined })
  const last = renderIssues([of('note'), of('error'), of('warning'), of('warning')])
    .split('\n')
    .at(-1)
  expect(last).toBe('1 error, 2 warnings, 1 note')
})

describe('the caret stays under its word', () => {
  // Columns, as a terminal counts them.
  const width = (text: string) => text.replace(/[\u4e00-\u9fff]/g, 'xx').length
  const word = 'BAD'
  test.each([
    ['behind a tab', `\tremote ${word}`],
    ['behind control characters', `remote \u001b[31m${word}`],
    ['behind a mark that turns the writing', `remote \u202e${word}`],
    ['behind wide letters', `remote \u4e2d\u6587 ${word} \u4e2d`],
    ['behind an emoji', `remote \u{1F310} ${word}`],
    ['at the start', `${word} x`],
    ['at the end of a long line', `${'y'.repeat(300)} ${word}`],
    ['in the middle of a long line', `${'y'.repeat(300)} ${word} ${'z'.repeat(300)}`],
    ['at the start of a long line', `${word} ${'z'.repeat(300)}`],
  ])('%s', (_, excerpt) => {
    const [, line = '', caret = ''] = renderIssue({
      ...issue,
      excerpt,
      column: excerpt.indexOf(word) + 1,
      length: 3,
    }).split('\n')
    expect(caret.trimStart()).toBe('^~~')
    expect(width(caret.slice(0, -3))).toBe(width(line.slice(0, line.indexOf(word))))
    expect(width(line)).toBeLessThanOrEqual(80)
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(line).not.toMatch(/[\u0000-\u001f\u202e]/)
  })

  test('and ends where the line does', () => {
    const [, , caret] = renderIssue({ ...issue, column: 14, length: 99 }).split('\n')
    expect(caret).toBe(`${' '.repeat(15)}^~~`)
  })

  test('the width is the caller’s', () => {
    const [, line] = renderIssue({ ...issue, excerpt: 'z'.repeat(300), column: 150 }, { width: 40 }).split('\n')
    expect(line).toHaveLength(40)
    expect(line).toMatch(/^ {2}…z+…$/)
  })
})

test('colours are put around the parts, and nowhere else', () => {
  const painted = renderIssue({ ...issue, hint: 'do' }, { paint: (ink, text) => `<${ink} ${text}>` })
  expect(painted).toBe(
    '<place x:7:8:> <error error[value]:> no\n  <source remote vpn.x 443>\n         <caret ^~~~~>\n<hint hint: do>',
  )
})

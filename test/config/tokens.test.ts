import { describe, expect, test } from 'vitest'
import { MAX_BLOCK, tokenize } from '../../src/config/tokens.ts'

const wordsOf = (text: string) => tokenize(text).lines.map(({ words }) => words.map((word) => word.text))
const problemsOf = (text: string) =>
  tokenize(text).problems.map(({ severity, message, spot: { line, column, length } }) => {
    return `${line}:${column}+${length} ${severity} ${message}`
  })

describe('words are read as OpenVPN reads them', () => {
  test.each([
    ['bare words', 'remote vpn.example 443', ['remote', 'vpn.example', '443']],
    ['every blank of C', 'a\tb\vc\fd\re', ['a', 'b', 'c', 'd', 'e']],
    ['blanks around', ' \t a b \t ', ['a', 'b']],
    ['a comment behind words', 'a b # c d', ['a', 'b']],
    ['a comment with ;', 'a ;b', ['a']],
    ['# and ; inside a word', 'a#b c;d', ['a#b', 'c;d']],
    ['double quotes', 'a "b c" d', ['a', 'b c', 'd']],
    ['single quotes', "a 'b c' d", ['a', 'b c', 'd']],
    ['an empty word', 'a "" \'\' b', ['a', '', '', 'b']],
    ['# in quotes', 'a "#b" \';c\'', ['a', '#b', ';c']],
    ['escapes in double quotes', '"a\\"b\\\\c\\ d"', ['a"b\\c d']],
    ['escapes outside of quotes', 'a\\ b c\\\\d e\\"f', ['a b', 'c\\d', 'e"f']],
    ['no escapes in single quotes', "'a\\b'", ['a\\b']],
    ['the other quote inside quotes', `"a'b" 'c"d'`, ["a'b", 'c"d']],
    ['quotes inside a bare word are characters', `a"b c'd`, ['a"b', "c'd"]],
    ['a word begins right behind a closing quote', '"a"b \'c\'"d"', ['a', 'b', 'c', 'd']],
    ['an escaped quote at the start', '\\"a b', ['"a', 'b']],
  ])('%s', (_, text, words) => {
    expect(wordsOf(text)).toEqual([words])
    expect(problemsOf(text)).toEqual([])
  })

  test('comments and empty lines are no lines', () => {
    expect(wordsOf('# a\n\n  \t\n;b\n \r\n')).toEqual([])
  })

  test('sixteen words are read', () => {
    const words = Array.from({ length: 16 }, (_, i) => `w${i}`)
    expect(wordsOf(words.join(' '))).toEqual([words])
    expect(problemsOf([...words, 'extra'].join(' '))).toEqual(['1:55+5 error a line has at most 16 words'])
  })
})

describe('places', () => {
  test('count from 1, in UTF-16 units, as written', () => {
    const [, line] = tokenize('x\n\tremote "a b"  \u{1F310}x y\\ z').lines
    expect(line?.words).toEqual([
      { text: 'remote', line: 2, column: 2, length: 6 },
      { text: 'a b', line: 2, column: 9, length: 5 },
      { text: '\u{1F310}x', line: 2, column: 16, length: 3 },
      { text: 'y z', line: 2, column: 20, length: 4 },
    ])
  })

  test('neither a byte-order mark nor CRLF moves them', () => {
    const plain = tokenize('client\nremote a\n<ca>\nX\n</ca>\n').lines
    expect(tokenize('\uFEFFclient\r\nremote a\r\n<ca>\r\nX\r\n</ca>\r\n').lines).toEqual(plain)
  })

  test('a byte-order mark elsewhere is a character', () => {
    expect(wordsOf('a\n\uFEFFb')).toEqual([['a'], ['\uFEFFb']])
  })
})

describe('blocks', () => {
  const blockOf = (text: string) => tokenize(text).lines[0]?.block

  test('a body is kept as it stands, without its line ends', () => {
    expect(blockOf('<ca>\n# no comment\n "\n\n \\x\n</ca>\nverb 3')).toEqual({ body: '# no comment\n "\n\n \\x' })
    expect(wordsOf('<ca>\nX\n</ca>\nverb 3')).toEqual([['ca'], ['verb', '3']])
  })

  test('a tag may be indented, and a comment may follow', () => {
    expect(blockOf('  <ca> # mine\nX\n\t</ca> # end\n')).toEqual({ body: 'X' })
  })

  test('an empty block', () => {
    expect(blockOf('<ca>\n</ca>')).toEqual({ body: '' })
  })

  test('a <connection> is lines with places of the file, blocks in it included', () => {
    const text = '<connection>\n remote a\n <tls-auth>\nX\n </tls-auth>\n</connection>\nverb 3'
    const { lines, problems } = tokenize(text)
    expect(problems).toEqual([])
    expect(lines).toHaveLength(2)
    expect(lines[0]?.block).toMatchObject({
      lines: [
        { words: [{ text: 'remote', line: 2, column: 2 }, { text: 'a' }] },
        { words: [{ text: 'tls-auth', line: 3, column: 2, length: 10 }], block: { body: 'X' } },
      ],
    })
  })

  test.each([
    ['a word behind a tag', '<ca> x\nX\n</ca>', ['1:6+1 error <ca> stands alone on its line']],
    ['a word behind what opens nothing', '<ca> x\nX', []],
    ['an end alone', 'a\n</ca>', ['2:1+5 error </ca> closes nothing']],
    ['an end of another block', '<ca>\nX\n</key>', ['1:1+4 error <ca> is never closed']],
    [
      'an end that comes too late',
      '<connection>\n<ca>\nX\n</connection>\n</ca>',
      ['2:1+4 error <ca> is never closed', '5:1+5 error </ca> closes nothing'],
    ],
    [
      'a block in a block of its kind',
      '<connection>\na\n<connection>\nb\n</connection>',
      ['1:1+12 error <connection> is never closed'],
    ],
    [
      'a listen block in a connection',
      '<connection>\na\n<listen>\nb\n</listen>\n</connection>',
      ['1:1+12 error <connection> is never closed', '6:1+13 error </connection> closes nothing'],
    ],
    [
      'an end with a slip of the pen',
      '<connection>\na\n  </conection> # so\n<ca>\nX\n</caa>\n<key>\nX\n</key>',
      ['3:3+12 error </conection> closes nothing', '6:1+6 error </caa> closes nothing'],
    ],
    ['an end with blanks in it', '<ca>\nX\n</ ca >\na', ['3:1+7 error </ ca > closes nothing']],
    ['blanks in a tag', ' < ca > # mine\nX\n</ca>', ['1:2+6 error there are no blanks in a tag']],
    [
      'blanks in a tag, and a word behind it',
      '<ca > x\nX\n</ca>',
      ['1:1+5 error there are no blanks in a tag', '1:7+1 error <ca> stands alone on its line'],
    ],
    ['a block that reaches the end', 'a\n<ca>', ['2:1+4 error <ca> is never closed']],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems)
  })

  test('a tag with blanks in it opens its block all the same', () => {
    expect(tokenize('<ca >\nX\n</ca>\n< connection>\na\n</connection>').lines).toMatchObject([
      { words: [{ text: 'ca', line: 1, column: 1, length: 5 }], block: { body: 'X' } },
      { words: [{ text: 'connection' }], block: { lines: [{ words: [{ text: 'a' }] }] } },
    ])
  })

  test('what follows an unclosed block is read all the same', () => {
    expect(wordsOf('<ca>\nX\n<key>\nY\n</key>\nremote a')).toEqual([['ca'], ['key'], ['remote', 'a']])
  })

  test('a block whose end is misspelled ends there', () => {
    expect(wordsOf('<ca>\nX\n</caa>\nremote a\n<key>\nY\n</key>')).toEqual([['ca'], ['remote', 'a'], ['key']])
  })

  test('a body has a limit', () => {
    const row = `${'x'.repeat(1023)}\n`
    const fits = row.repeat(MAX_BLOCK / 1024)
    expect(problemsOf(`<ca>\n${fits}</ca>`)).toEqual([])
    expect(problemsOf(`<ca>\n${fits}xx\n</ca>`)).toEqual(['1:1+4 error <ca> holds more than 256 KiB'])
  })
})

describe('a line has a limit', () => {
  test('of 1024 characters; from 256 on we warn', () => {
    const line = (length: number) => `x ${'y'.repeat(length - 2)}`
    expect(problemsOf(line(255))).toEqual([])
    expect(problemsOf(line(256))).toEqual([
      '1:256+1 warning OpenVPN refuses lines of more than 255 characters; this one has 256',
    ])
    expect(wordsOf(line(1024))).toHaveLength(1)
    expect(problemsOf(line(1025))).toEqual(['1:1025+1 error a line has at most 1024 characters, this one has 1025'])
    expect(wordsOf(line(1025))).toEqual([])
  })
})

describe('reading is linear', () => {
  test.each([
    ['one word', 'x'],
    ['short lines', 'a b\n'],
    ['openings that nothing closes', '<a>\n'],
    ['different openings', '<a>\n<b>\n<connection>\n'],
    ['connections that nothing closes', '<connection>\n'],
    ['closed connections', '<connection>\nremote a\n</connection>\n'],
    ['ends alone', '</a>\n'],
    ['other ends', '<connection>\n<key>\n</connect>\n</keying>\n'],
    ['openings whose end is far', '<a>\n<ca>\n', '</a>\n</ca>\n'],
    ['loose keys', '-----BEGIN X\n'],
    ['quotes', '"'],
    ['quoted lines', '"\n'],
    ['backslashes', '\\'],
    ['blanks', ' '],
    ['escaped words', '\\\\ '],
  ])('%s', (_, piece, end = '') => {
    for (const size of [1_000, 10_000, 100_000]) {
      const text = piece.repeat(Math.ceil(size / piece.length)) + end
      const { steps } = tokenize(text)
      expect(steps).toBeLessThanOrEqual(4 * text.length)
    }
  })
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readArguments } from '../../../src/node/cli/arguments.ts'

const OPTIONS = {
  json: false,
  strict: false,
  allowIgnored: [],
  allowSocketPlugins: false,
  verbose: false,
  once: false,
  noStdio: false,
  echo: false,
  seed: undefined,
  noColor: false,
}
const read = (line: string) => readArguments(line === '' ? [] : line.split(' '))

describe('a command line', () => {
  test.each([
    ['run client.ovpn', { file: 'client.ovpn' }],
    ['run -', { file: '-', options: { noStdio: true } }],
    ['run /dev/stdin --proto tcp', { file: '/dev/stdin', directives: ['--proto', 'tcp'], options: { noStdio: true } }],
    ['run client.ovpn --json', { file: 'client.ovpn', options: { json: true } }],
    ['run --json -v client.ovpn', { file: 'client.ovpn', options: { json: true, verbose: true } }],
    ['run server.ovpn --echo', { file: 'server.ovpn', options: { echo: true } }],
    ['run --seed 7 client.ovpn', { file: 'client.ovpn', options: { seed: 7 } }],
    ['run client.ovpn --proto tcp', { file: 'client.ovpn', directives: ['--proto', 'tcp'] }],
    [
      'run --client --remote host 443 --once --proto tcp',
      { directives: ['--client', '--remote', 'host', '443', '--proto', 'tcp'], options: { once: true } },
    ],
    ['run a --allow-ignored mark --allow-ignored --x', { problems: ['--allow-ignored needs the name of a directive'] }],
    ['run a --allow-ignored frob --frob', { file: 'a', directives: ['--frob'], options: { allowIgnored: ['frob'] } }],
    ['run --confirm reply -hello- --client', { directives: ['--confirm', 'reply', '-hello-', '--client'] }],
    [
      'run a --no-stdio --no-color --strict --allow-socket-plugins',
      {
        file: 'a',
        options: { noStdio: true, noColor: true, strict: true, allowSocketPlugins: true },
      },
    ],
  ])(
    '%s',
    (
      line,
      {
        file,
        directives = [],
        options = {},
        problems,
      }: {
        file?: string
        directives?: string[]
        options?: Partial<Record<keyof typeof OPTIONS, unknown>>
        problems?: string[]
      },
    ) => {
      if (problems) expect(read(line)).toMatchObject({ problems: expect.arrayContaining(problems) as unknown })
      else expect(read(line)).toEqual({ command: 'run', file, directives, options: { ...OPTIONS, ...options } })
    },
  )

  test.each([
    ['', 'help'],
    ['help', 'help'],
    ['run --help', 'help'],
    ['-h', 'help'],
    ['--version', 'version'],
    ['-V', 'version'],
  ])('"%s" prints the %s', (line, print) => expect(read(line)).toEqual({ print }))

  test.each([
    ['chekc a', 'there is no command "chekc"; did you mean check?'],
    ['frobnicate', 'there is no command "frobnicate"; the commands are check, plan, run, simulate, demo, help'],
    ['--json', 'a command comes first: check, plan, run, simulate, demo, help'],
    ['run a --jsno', 'there is no option --jsno; did you mean --json?'],
    ['run a --remot b', 'there is no option --remot; did you mean --remote?'],
    ['run a -x', 'there is no option -x'],
    ['run a --zzzzzzzzzzzz', 'there is no option --zzzzzzzzzzzz'],
    ['run a --proto=tcp', 'write --proto VALUE instead of --proto=VALUE'],
    [
      'run a --http-proxy-user-pass=S3cr3t',
      'write --http-proxy-user-pass VALUE instead of --http-proxy-user-pass=VALUE',
    ],
    ['run a --socket-plugin ./x.mjs --relay=S3cr3t', 'write --relay VALUE instead of --relay=VALUE'],
    ['run a b', '"b" is one word too many; one file is enough'],
    ['run', 'run needs a configuration file, or directives such as --client --remote host 443'],
    ['run a --seed', '--seed needs a number from 0 to 4294967295'],
    ['run a --seed x', '--seed needs a number from 0 to 4294967295, not "x"'],
    ['run a --seed 4294967296', '--seed needs a number from 0 to 4294967295, not "4294967296"'],
    ['simulate', 'simulate needs a scenario file'],
    ['simulate a --client', 'simulate takes no directives, and --client is one'],
    ['demo a', 'demo takes no file; "run" runs one'],
    ['run a \u001b[31m', '"\\u001b[31m" is one word too many; one file is enough'],
  ])('"%s" is refused: %s', (line, problem) => expect(read(line)).toEqual({ problems: [problem] }))

  test('everything that is wrong is said at once', () => {
    expect(read('chekc --jsno --seed x')).toEqual({
      problems: [
        'there is no command "chekc"; did you mean check?',
        '--seed needs a number from 0 to 4294967295, not "x"',
        'there is no option --jsno; did you mean --json?',
      ],
    })
  })

  test('whatever is typed, one of four answers comes', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'run',
        'check',
        'help',
        '--json',
        '--seed',
        '7',
        '--remote',
        '--allow-ignored',
        '-v',
        '--',
        '-',
        '',
      ),
      fc.string(),
      fc.string().map((text) => `--${text}`),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (argv) => {
        const answer = readArguments(argv)
        if ('problems' in answer) expect(answer.problems.length).toBeGreaterThan(0)
        else if ('command' in answer) expect(answer.directives.length).toBeLessThan(argv.length)
        else expect(['help', 'version']).toContain(answer.print)
      }),
    )
  })
})

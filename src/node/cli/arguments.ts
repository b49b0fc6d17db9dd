/**
 * The command line: a command, perhaps a file, options of ours, and directives (`--remote host 443`), which go to the
 * parser of configurations as they are. Everything that is wrong is said at once.
 */
import { DIRECTIVES } from '../../config/directives.ts'
import { nearest } from '../../config/nearest.ts'
import { FOREIGN, isInput } from '../load-config.ts'
import { SOCKET_PLUGINS } from '../plugins/socket-plugins.ts'
import { printable } from '../../printable.ts'

const COMMANDS = ['check', 'plan', 'run', 'simulate', 'demo', 'help'] as const
type Command = (typeof COMMANDS)[number]

interface Options {
  readonly json: boolean
  readonly strict: boolean
  readonly allowIgnored: readonly string[]
  readonly allowSocketPlugins: boolean
  readonly verbose: boolean
  readonly once: boolean
  readonly noStdio: boolean
  readonly echo: boolean
  readonly seed: number | undefined
  readonly noColor: boolean
}

export interface Arguments {
  readonly command: Command
  readonly file: string | undefined
  /** `['--proto', 'tcp', '--remote', 'host', '443']` */
  readonly directives: readonly string[]
  readonly options: Options
}

export type Read = Arguments | { readonly problems: readonly string[] } | { readonly print: 'help' | 'version' }

const FLAGS: ReadonlyMap<string, keyof Options> = new Map([
  ['--json', 'json'],
  ['--strict', 'strict'],
  ['--allow-socket-plugins', 'allowSocketPlugins'],
  ['-v', 'verbose'],
  ['--verbose', 'verbose'],
  ['--once', 'once'],
  ['--no-stdio', 'noStdio'],
  ['--echo', 'echo'],
  ['--no-color', 'noColor'],
])
const WITH_VALUE = ['--allow-ignored', '--seed'] as const
const OURS = [...FLAGS.keys(), ...WITH_VALUE, '-h', '--help', '-V', '--version']
/** Directives; what they mean is for the parser to say. */
const REGISTERED = [...SOCKET_PLUGINS.values()].flatMap(({ directives }) => [...directives.keys()])
const KNOWN: ReadonlySet<string> = new Set(
  [...DIRECTIVES.keys(), ...FOREIGN.keys(), ...REGISTERED].map((name) => `--${name}`),
)
const MAX_SEED = 2 ** 32 - 1

export function readArguments(argv: readonly string[]): Read {
  if (argv.length === 0 || argv.includes('--help') || argv.includes('-h')) return { print: 'help' }
  if (argv.includes('--version') || argv.includes('-V')) return { print: 'version' }
  return new Reader(argv).read()
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

class Reader {
  readonly #argv: readonly string[]
  readonly #problems: string[] = []
  readonly #options: Writable<Options> = {
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
  /** What stands alone: the command, then the file. */
  readonly #words: string[] = []
  readonly #directives: string[] = []
  readonly #unknown: string[] = []
  #at = 0

  constructor(argv: readonly string[]) {
    this.#argv = argv
  }

  read(): Read {
    // Words behind a directive are its values, until the next option; only before the first one they are ours.
    let inDirective = false
    while (this.#at < this.#argv.length) {
      const word = this.#argv[this.#at++] ?? ''
      if (this.#isOurs(word)) inDirective = false
      else if (word.startsWith('-') && word !== '-' && !(inDirective && !word.startsWith('--'))) {
        inDirective = true
        this.#directive(word)
      } else if (inDirective) this.#directives.push(word)
      else this.#words.push(word)
    }
    this.#judgeUnknown()
    return this.#finish()
  }

  #isOurs(word: string): boolean {
    const flag = FLAGS.get(word)
    if (flag) Object.assign(this.#options, { [flag]: true })
    else if (word === '--allow-ignored') this.#allow(this.#value(word, 'the name of a directive'))
    else if (word === '--seed') this.#seed(this.#value(word, `a number from 0 to ${MAX_SEED}`))
    else return false
    return true
  }

  #value(option: string, expected: string): string | undefined {
    const value = this.#argv[this.#at]
    if (value !== undefined && !value.startsWith('-')) {
      this.#at++
      return value
    }
    this.#problems.push(`${option} needs ${expected}`)
    return undefined
  }

  #allow(name: string | undefined): void {
    if (name !== undefined) this.#options.allowIgnored = [...this.#options.allowIgnored, name.replace(/^--/, '')]
  }

  #seed(text: string | undefined): void {
    if (text === undefined) return
    if (/^\d{1,10}$/.test(text) && Number(text) <= MAX_SEED) this.#options.seed = Number(text)
    else this.#problems.push(`--seed needs a number from 0 to ${MAX_SEED}, not "${printable(text)}"`)
  }

  #directive(word: string): void {
    this.#directives.push(word)
    if (!KNOWN.has(word)) this.#unknown.push(word)
  }

  #judgeUnknown(): void {
    // A plugin that is still to be loaded may know them: then the parser says so, or the plugin.
    const mayBeKnown = this.#directives.includes('--socket-plugin')
    for (const word of this.#unknown) {
      if (this.#options.allowIgnored.includes(word.slice(2))) continue
      const [, name] = /^(--[^=]+)=/.exec(word) ?? []
      // The value may be a password.
      if (name !== undefined) this.#problems.push(printable(`write ${name} VALUE instead of ${name}=VALUE`))
      else if (!mayBeKnown) this.#problems.push(`there is no option ${printable(word)}${this.#didYouMean(word)}`)
    }
  }

  #didYouMean(word: string): string {
    const near = word.startsWith('--') ? nearest(word, [...OURS, ...KNOWN]) : undefined
    return near === undefined ? '' : `; did you mean ${near}?`
  }

  #finish(): Read {
    const [command, file, ...more] = this.#words
    if (command === undefined) this.#problems.unshift(`a command comes first: ${COMMANDS.join(', ')}`)
    else if (!isCommand(command)) this.#problems.unshift(wrongCommand(command))
    else if (command === 'help') return { print: 'help' }
    else {
      for (const word of more) this.#problems.push(`"${printable(word)}" is one word too many; one file is enough`)
      this.#judgeUse(command, file)
      if (this.#problems.length === 0) {
        // Standard input that is read as a file is used up.
        if (file !== undefined && isInput(file)) this.#options.noStdio = true
        return { command, file, directives: this.#directives, options: this.#options }
      }
    }
    return { problems: this.#problems }
  }

  #judgeUse(command: Command, file: string | undefined): void {
    const [directive] = this.#directives
    if (command === 'demo' && file !== undefined) this.#problems.push('demo takes no file; "run" runs one')
    if (command === 'simulate' && file === undefined) this.#problems.push('simulate needs a scenario file')
    if ((command === 'demo' || command === 'simulate') && directive !== undefined)
      this.#problems.push(`${command} takes no directives, and ${printable(directive)} is one`)
    const takesConfig = command === 'check' || command === 'plan' || command === 'run'
    if (takesConfig && file === undefined && directive === undefined && this.#problems.length === 0)
      this.#problems.push(`${command} needs a configuration file, or directives such as --client --remote host 443`)
  }
}

const isCommand = (word: string): word is Command => (COMMANDS as readonly string[]).includes(word)

function wrongCommand(word: string): string {
  const near = nearest(word, COMMANDS)
  const hint = near === undefined ? `the commands are ${COMMANDS.join(', ')}` : `did you mean ${near}?`
  return `there is no command "${printable(word)}"; ${hint}`
}

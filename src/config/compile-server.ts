/**
 * From settings to the configuration of a server: what each block inherits, and from where (R1, R8). A block looks into
 * itself first, then at the command line, then at the file's globals, wherever these stand.
 */
import type { IssueList, Place } from './issue.ts'
import { type Layers, first, globalsIn, portIn } from './layers.ts'
import { Places } from './places.ts'
import type { Config } from './schema.ts'
import { MAX_LISTENS, type ServerConfigInput } from './server-schema.ts'
import type { LocalLine, ServerSettings } from './server-settings.ts'
import { examine } from './validate.ts'

/** `start` is the place of what has no other. */
export function compileServer(layers: Layers<ServerSettings>, issues: IssueList, start: Place): Config | undefined {
  return new ServerCompiler(layers, issues, start).compile()
}

interface Draft {
  readonly at: Place
  /** Without one, the wildcards. */
  readonly line: LocalLine | undefined
  /** Where it looks, nearest first. */
  readonly layers: readonly ServerSettings[]
}

type ListenInput = ServerConfigInput['listen'][number]

class ServerCompiler {
  readonly #layers: Layers<ServerSettings>
  readonly #issues: IssueList
  readonly #start: Place
  readonly #places: Places

  constructor(layers: Layers<ServerSettings>, issues: IssueList, start: Place) {
    this.#layers = layers
    this.#issues = issues
    this.#start = start
    this.#places = new Places(start)
  }

  compile(): Config | undefined {
    const globals = globalsIn(this.#layers)
    const drafts = this.#drafts(globals)
    // What could not be read would become a default, and clash with another block for no reason.
    const whole = this.#issues.lostLines ? [] : drafts.filter(isWhole)
    if (whole.length === 0) return undefined
    const listen = whole.map((draft, index) => this.#listen(draft, index))
    const input: ServerConfigInput = { mode: 'server', ...globalsOf(globals), listen }
    const { config, findings } = examine(input, { nameOf: (path, from) => this.#places.nameOf(path, from) })
    for (const { path, ...problem } of findings) this.#issues.report(this.#places.of(path), problem)
    return config
  }

  #drafts(globals: readonly ServerSettings[]): readonly Draft[] {
    const { file, commandLine, blocks } = this.#layers
    const lines = [...file.locals, ...commandLine.locals]
    const drafts =
      blocks.length > 0
        ? blocks.map((block) => this.#blockDraft(block, globals))
        : lines.map((line) => ({ at: line.at, line, layers: globals }))
    if (drafts.length === 0) return [{ at: this.#start, line: undefined, layers: globals }]
    for (const { at } of blocks.length > 0 ? lines : []) {
      const message = 'this local is ignored: there are <listen> blocks'
      this.#issues.report(at, { severity: 'warning', code: 'scope', message })
    }
    const surplus = drafts[MAX_LISTENS]
    if (surplus) this.#error(surplus.at, 'value', `a server has at most ${MAX_LISTENS} blocks to listen on`)
    return drafts.slice(0, MAX_LISTENS)
  }

  #blockDraft(block: ServerSettings, globals: readonly ServerSettings[]): Draft {
    const [line, second] = block.locals
    if (second) {
      const hint = 'give each address a block of its own'
      this.#error(second.at, 'scope', 'a <listen> block has at most one local', hint)
    }
    return { at: block.at as Place, line, layers: [block, ...globals] }
  }

  #listen({ at, line, layers }: Draft, index: number): ListenInput {
    const path = `listen.${index}`
    this.#places.set(path, at)
    if (line?.host) this.#places.set(`${path}.host`, line.host.at)
    const transport = line?.transport ?? first(layers, 'transport')
    const family = line?.family ?? first(layers, 'family')
    const port = line?.port ?? portIn(layers, 'lport', 'port')
    return {
      ...(transport && { proto: transport.value }),
      ...(line?.host?.value !== undefined && { host: line.host.value }),
      ...(port && { port: port.value }),
      ...(family && { family: family.value }),
    }
  }

  #error(at: Place, code: string, message: string, hint?: string): void {
    this.#issues.report(at, { severity: 'error', code, message, hint })
  }
}

const isWhole = ({ line, layers }: Draft) => line?.isWhole !== false && layers.every((layer) => layer.isWhole)

function globalsOf(globals: readonly ServerSettings[]): Omit<ServerConfigInput, 'listen'> {
  return {
    bindPolicy: first(globals, 'bindPolicy')?.value,
    multihome: globals.some((layer) => layer.multihome),
    resolveTimeout: first(globals, 'resolveTimeout')?.value,
    maxClients: first(globals, 'maxClients')?.value,
    maxPending: first(globals, 'maxPending')?.value,
    handWindow: first(globals, 'handWindow')?.value,
    connectFreq: first(globals, 'connectFreq')?.value,
    sourceFreq: first(globals, 'sourceFreq')?.value,
    amplificationLimit: globals.some((layer) => layer.amplificationLimit),
  }
}

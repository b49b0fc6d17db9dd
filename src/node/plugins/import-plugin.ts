/** The module of a socket plugin, by its path or by the name of a package. Whoever asks trusts its code. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Problem } from '../../config/issue.ts'
import type { PluginDirective, PluginModule } from '../../plugins/plugin.ts'

/** `folder`: whoever names it stands there. */
export async function importPlugin(name: string, folder: string): Promise<PluginModule | Problem> {
  if (isPath(name)) {
    const path = resolve(folder, name)
    if (!existsSync(path)) return problem(`there is no socket plugin "${name}": there is no such file`)
    return shaped(name, await imported(pathToFileURL(path).href))
  }
  if (!PACKAGE.test(name)) return problem(`there is no socket plugin "${name}"`, HOW_TO_NAME)
  const found = await imported(urlOf(name, folder))
  if (!('error' in found && isMissing(name, found.error))) return shaped(name, found)
  const hint = existsSync(resolve(folder, name)) ? `the file of that name is: socket-plugin ./${name}` : HOW_TO_NAME
  return problem(`there is no socket plugin "${name}", and no package of that name`, hint)
}

const isPath = (name: string) => /^(?:\.{1,2})?\//.test(name)
/** What npm takes for a name, and perhaps a part of the package. */
const PACKAGE = /^(?:@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*(?:\/[\w.-]+)*$/

const HOW_TO_NAME = 'a module of your own is named by its path: socket-plugin ./NAME.mjs'
const HOW_TO_EXPORT = 'export default { name, usage, directives, create }'

/** From where it is named, or else beside this package. */
function urlOf(name: string, folder: string): string {
  try {
    return pathToFileURL(createRequire(join(resolve(folder), 'here')).resolve(name)).href
  } catch {
    return name
  }
}

type Imported = { readonly exports: { readonly default?: unknown } } | { readonly error: NodeJS.ErrnoException }

/** ms that a module may wait for what it needs. */
const MAX_LOADING = 10_000

// While a module waits for what never comes, nothing else holds the process: Node would end it without a word.
async function imported(url: string): Promise<Imported> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Imported>((done) => {
    const error = new Error(`it is not ready after ${MAX_LOADING / 1000} s`)
    timer = setTimeout(() => done({ error }), MAX_LOADING)
  })
  try {
    return await Promise.race([exportsOf(url), late])
  } finally {
    clearTimeout(timer)
  }
}

async function exportsOf(url: string): Promise<Imported> {
  try {
    return { exports: (await import(url)) as { default?: unknown } }
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }
}

/** Not found itself, or its package: of what it imports in its turn, another name is said. */
function isMissing(name: string, { code, message }: NodeJS.ErrnoException): boolean {
  const [scope = '', part = ''] = name.split('/')
  const whole = name.startsWith('@') ? `${scope}/${part}` : scope
  const isNotFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
  return isNotFound && [name, whole].some((each) => message.includes(`'${each}'`))
}

function shaped(name: string, found: Imported): PluginModule | Problem {
  if ('error' in found) {
    const [why = ''] = found.error.message.split('\n')
    return problem(`the socket plugin "${name}" failed when it was loaded: ${why}`)
  }
  const { default: module } = found.exports
  if (module === undefined) return problem(`"${name}" is no socket plugin: it has no default export`, HOW_TO_EXPORT)
  const why = misshapen(module)
  return why === undefined ? (module as PluginModule) : problem(`"${name}" is no socket plugin: ${why}`, HOW_TO_EXPORT)
}

const PLUGIN_NAME = /^[a-z][a-z0-9-]{0,39}$/
const DIRECTIVE_NAME = /^[A-Za-z][\w-]{0,39}$/

/** What a module lacks; all of its code is still somebody else's. */
function misshapen(module: unknown): string | undefined {
  if (!isObject(module)) return 'its default export is no object'
  const { name, usage, directives, create, hopLines } = module
  if (typeof name !== 'string' || !PLUGIN_NAME.test(name)) return '"name" is not of small letters, digits and "-"'
  if (typeof usage !== 'string') return '"usage" is no text'
  if (!(directives instanceof Map)) return '"directives" is no Map'
  const wrong = [...directives].find(([word, directive]) => !isDirective(word, directive))
  if (wrong) return `"directives" has ${JSON.stringify(wrong[0])}, which is not { usage, inBlock, makes? }`
  if (typeof create !== 'function') return '"create" is no function'
  const makes = new Set([...(directives as PluginModule['directives']).values()].map((directive) => directive.makes))
  if (makes.has('option') && !makes.has('hop')) return 'it has options of hops, and no directive that makes a hop'
  if (makes.has('hop') && !isHopLines(hopLines))
    return 'its directives make hops, and "hopLines" is not { read, print }'
  return undefined
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

function isDirective(word: unknown, directive: unknown): directive is PluginDirective {
  if (typeof word !== 'string' || !DIRECTIVE_NAME.test(word) || !isObject(directive)) return false
  const { usage, inBlock, makes } = directive
  const isKnown = makes === undefined || makes === 'hop' || makes === 'option'
  return typeof usage === 'string' && typeof inBlock === 'boolean' && isKnown
}

const isHopLines = (lines: unknown) =>
  isObject(lines) && typeof lines['read'] === 'function' && typeof lines['print'] === 'function'

const problem = (message: string, hint?: string): Problem => ({ severity: 'error', code: 'R9', message, hint })

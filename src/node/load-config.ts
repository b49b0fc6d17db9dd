/**
 * A configuration from the disk, or from a pipe. Each file is opened once and judged by what was opened, not by its
 * name; what a file names (includes, keys) is relative to that file's folder, and is a file.
 */
import { type Stats, closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { dirname, join, isAbsolute } from 'node:path'
import { isatty } from 'node:tty'
import type { ForeignDirective } from '../config/directives.ts'
import { type ParseOptions, type Parsed, parseConfig } from '../config/parse.ts'
import { MAX_TEXT, type Read, type Source } from '../config/source.ts'
import { Vault } from '../config/vault.ts'
import { SOCKET_PLUGINS } from './plugins/socket-plugins.ts'

const BY_OTHERS = { kind: 'refused', why: 'another program would choose the way' } as const
// OpenVPN 2.4 and later warn and go on: `connect-timeout` and `connect-retry` do their work (options.c).
const OBSOLETE = { kind: 'ignored', why: 'obsolete in OpenVPN, which ignores it too', inBlock: true } as const

/** What OpenVPN knows about proxies, and the plugins do not: never ignored where it says where packets go. */
export const FOREIGN: ReadonlyMap<string, ForeignDirective> = new Map<string, ForeignDirective>([
  ['http-proxy-override', BY_OTHERS],
  ['http-proxy-retry', OBSOLETE],
  ['http-proxy-timeout', OBSOLETE],
  ['management-query-proxy', BY_OTHERS],
  ['socks-proxy-retry', OBSOLETE],
])

export interface ReadOptions {
  /**
   * `-` is standard input, and a pipe (`/dev/stdin`, `<(gpg -d x)`) is read to its end, which holds the process until
   * its writer is done. Without it, only regular files are read.
   */
  readonly pipes?: boolean | undefined
}

/** What `loadConfig` takes besides the file: everything that parsing takes, except the reader. */
export type LoadOptions = Omit<ParseOptions, 'read'> & ReadOptions

/**
 * Reads and parses `file`; without one, `options.argv` alone (`['--client', '--remote', 'host', '443']`). Never throws:
 * a file that cannot be read is an issue like any other.
 */
export function loadConfig(file: string | undefined, { pipes = false, ...options }: LoadOptions = {}): Parsed {
  return openConfig(file, { pipes }).parse(options)
}

export interface OpenConfig {
  /** As often as is needed: what comes through a pipe comes but once. */
  readonly parse: (options: LoadOptions) => Parsed
  /** Where names of files in this file of the configuration begin. */
  readonly folderOf: (file: string) => string
}

export function openConfig(file: string | undefined, { pipes = false }: ReadOptions): OpenConfig {
  const source = file === undefined ? { text: '', file: 'command line' } : readTextFile(file, { pipes })
  const piped = file !== undefined && pipes && isStream(file) && 'file' in source ? source.file : undefined
  // A pipe stands in no folder.
  const folderOf = (from: string) => (from === piped || from.startsWith('command line') ? '.' : dirname(from))
  const read: Read = (path, from) => readTextFile(isAbsolute(path) ? path : join(folderOf(from), path))
  const parse: OpenConfig['parse'] = (options) =>
    'problem' in source
      ? unread(titleOf(file ?? ''), source.problem)
      : parseConfig(source, { foreign: FOREIGN, plugins: SOCKET_PLUGINS, ...options, read })
  return { parse, folderOf }
}

function unread(file: string, problem: string): Parsed {
  const at = { file, line: 0, column: 0, length: 0 }
  const issue = { severity: 'error', code: 'source', message: `cannot read this file: ${problem}` } as const
  return { issues: [{ ...at, ...issue }], ignored: [], plugins: [], unknownPlugins: [], vault: new Vault() }
}

/** What comes but once: standard input, a pipe. */
export function isStream(path: string): boolean {
  try {
    return isInput(path) || statSync(path).isFIFO()
  } catch {
    // Opening it says why.
    return false
  }
}

/** `-`, or the same by its other name. */
export const isInput = (path: string): boolean => path === '-' || path === '/dev/stdin'

/** As a person knows it. */
export const titleOf = (path: string): string => (path === '-' ? 'standard input' : path)

const INPUT_FD = 0

/** The text of a regular file, or of a pipe where these are allowed; of at most 1 MiB. */
export function readTextFile(path: string, { pipes = false }: ReadOptions = {}): Source | { readonly problem: string } {
  const input = pipes && isInput(path)
  let fd: number | undefined
  try {
    fd = input ? INPUT_FD : openSync(path, flagsFor(path, pipes))
    const stats = fstatSync(fd)
    const problem = unreadable(stats, { input, pipes })
    if (problem !== undefined) return { problem }
    const bytes = readAtMost(fd, MAX_TEXT + 1)
    if (bytes.length > MAX_TEXT) return { problem: `it is larger than ${MAX_TEXT / 1024 / 1024} MiB` }
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
    return notUtf8(bytes, text) ?? { text, file: titleOf(path), exposed: exposureOf(stats) }
  } catch (error) {
    return { problem: wordsFor(error as NodeJS.ErrnoException) }
  } finally {
    if (fd !== undefined && !input) closeSync(fd)
  }
}

// Opening a pipe waits for its writer. Where no pipe is wanted, nothing is waited for, and what it is can be said.
function flagsFor(path: string, pipes: boolean): number {
  return pipes && isStream(path) ? constants.O_RDONLY : constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
}

/** Elsewhere the bits say nothing. */
const HAS_MODES = process.platform !== 'win32'
const OTHERS = constants.S_IRWXG | constants.S_IRWXO

function exposureOf({ mode }: Stats): Source['exposed'] {
  if (!HAS_MODES || (mode & OTHERS) === 0) return undefined
  return (mode & constants.S_IWOTH) === 0 ? 'accessible' : 'writable'
}

function unreadable(stats: Stats, { input, pipes }: { input: boolean; pipes: boolean }): string | undefined {
  if (stats.isFile()) return undefined
  if (stats.isDirectory()) return 'it is a directory'
  // What a program hands over as standard input may be a socket.
  if (pipes && (stats.isFIFO() || (input && stats.isSocket()))) return undefined
  if (input && isatty(INPUT_FD)) return 'it is a terminal; redirect a file to it, or pipe one into it'
  return stats.isFIFO() ? 'it is a pipe, not a file' : 'it is a device, not a file'
}

function readAtMost(fd: number, limit: number): Uint8Array {
  const bytes = new Uint8Array(limit)
  let length = 0
  for (;;) {
    const count = readSync(fd, bytes, length, limit - length, null)
    length += count
    if (count === 0 || length === limit) return bytes.subarray(0, length)
  }
}

/** What was no UTF-8 became U+FFFD, so the way back does not lead to the same bytes. */
function notUtf8(bytes: Uint8Array, text: string): { readonly problem: string } | undefined {
  const back = new TextEncoder().encode(text)
  const at = back.findIndex((byte, index) => byte !== bytes[index])
  if (at < 0) return undefined
  const line = bytes.subarray(0, at).reduce((lines, byte) => lines + Number(byte === LINE_FEED), 1)
  return { problem: `it is not UTF-8 text: byte ${at + 1}, on line ${line}; save it as UTF-8` }
}

const LINE_FEED = 0x0a

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTDIR: 'a part of its path is no directory',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  EAGAIN: 'there is nothing to read yet, and another program has told this pipe not to wait',
  ENXIO: 'it is a socket or a device that is not there',
}

const wordsFor = ({ code = '', message }: NodeJS.ErrnoException): string => WORDS[code] ?? message

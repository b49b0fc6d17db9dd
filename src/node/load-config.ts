/**
 * A configuration from the disk. Each file is opened once and judged by what was opened, not by its name; what a file
 * names (includes, keys) is relative to that file's folder.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { dirname, join, isAbsolute } from 'node:path'
import type { ForeignDirective } from '../config/directives.ts'
import { type ParseOptions, type Parsed, parseConfig } from '../config/parse.ts'
import { MAX_TEXT, type Source } from '../config/source.ts'
import { Vault } from '../config/vault.ts'

const PROXY = { kind: 'reserved', needs: 'a proxy plugin' } as const
// OpenVPN 2.4 and later warn and go on: `connect-timeout` and `connect-retry` do their work (options.c).
const OBSOLETE = { kind: 'ignored', why: 'obsolete in OpenVPN, which ignores it too', inBlock: true } as const

/** Directives of plugins, none of which this version has: never ignored where they say where packets go. */
export const FOREIGN: ReadonlyMap<string, ForeignDirective> = new Map<string, ForeignDirective>([
  ['http-proxy', PROXY],
  ['http-proxy-option', PROXY],
  ['http-proxy-override', PROXY],
  ['http-proxy-retry', OBSOLETE],
  ['http-proxy-timeout', OBSOLETE],
  ['http-proxy-user-pass', PROXY],
  ['socks-proxy', PROXY],
  ['socks-proxy-retry', OBSOLETE],
])

/** What `loadConfig` takes besides the file: everything that parsing takes, except the reader. */
export type LoadOptions = Omit<ParseOptions, 'read'>

/**
 * Reads and parses `file`; without one, `options.argv` alone (`['--client', '--remote', 'host', '443']`). Never throws:
 * a file that cannot be read is an issue like any other.
 */
export function loadConfig(file: string | undefined, options: LoadOptions = {}): Parsed {
  const source = file === undefined ? { text: '', file: 'command line' } : readTextFile(file)
  if (!('problem' in source)) return parseConfig(source, { foreign: FOREIGN, ...options, read })
  const at = { file: file ?? '', line: 0, column: 0, length: 0 }
  const issue = { severity: 'error', code: 'source', message: `cannot read this file: ${source.problem}` } as const
  return { issues: [{ ...at, ...issue }], ignored: [], vault: new Vault() }
}

function read(path: string, from: string): Source | { readonly problem: string } {
  const base = from.startsWith('command line') ? '.' : dirname(from)
  return readTextFile(isAbsolute(path) ? path : join(base, path))
}

/** The text of a regular file of at most 1 MiB. */
export function readTextFile(path: string): Source | { readonly problem: string } {
  let fd: number | undefined
  try {
    // A pipe without a writer would hold the process; without waiting it can be refused.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const kind = fstatSync(fd)
    if (kind.isDirectory()) return { problem: 'it is a directory' }
    if (!kind.isFile()) return { problem: 'it is a pipe or a device, not a file' }
    const bytes = readAtMost(fd, MAX_TEXT + 1)
    if (bytes.length > MAX_TEXT) return { problem: `it is larger than ${MAX_TEXT / 1024 / 1024} MiB` }
    return { text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), file: path }
  } catch (error) {
    return { problem: wordsFor(error as NodeJS.ErrnoException) }
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
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

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTDIR: 'a part of its path is no directory',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  ENXIO: 'it is a socket or a device that is not there',
}

const wordsFor = ({ code = '', message }: NodeJS.ErrnoException): string => WORDS[code] ?? message

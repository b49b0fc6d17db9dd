/**
 * A proxy of Debian's as a child of a test: with no rights, its files in a folder that goes with it, and whatever it
 * starts itself in its own process group, of which nothing is left behind.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, chownSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Place } from '../peer-pairs.ts'

export interface Program extends AsyncDisposable {
  /** To all of its processes. */
  readonly signal: (name: 'SIGSTOP' | 'SIGKILL') => void
}

interface ProgramOptions {
  readonly command: string
  /** `folder` holds `files`. */
  readonly args: (folder: string) => readonly string[]
  readonly files?: ((folder: string) => Readonly<Record<string, string>>) | undefined
  /** Where it listens when it is ready. */
  readonly at: readonly Place[]
}

/** Of those who may do nothing. */
const NOBODY = 65_534
const READY_WITHIN = 15_000
const POLL = 20
/**
 * A test that runs out of time disposes of nothing, and its process may be killed; but then this input ends, and the whole
 * group with it. It ends with the program, too.
 */
const AS_LONG_AS_INPUT = '("$@"; kill -KILL 0) & cat; rm -rf "$0"; kill -KILL 0'
/** Of its log, for whoever has to find out why it did not start. */
const MAX_LOG = 4_000

/** Where a program is, daemons included; `undefined` where it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/bin']
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export async function startProgram({ command, args, files, at }: ProgramOptions): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'sockchart-proxy-'))
  const isRoot = process.getuid?.() === 0
  const owned = [folder]
  for (const [name, text] of Object.entries(files?.(folder) ?? {})) {
    const file = join(folder, name)
    writeFileSync(file, text, { mode: 0o600 })
    owned.push(file)
  }
  if (isRoot) for (const path of owned) chownSync(path, NOBODY, NOBODY)

  const child = spawn('sh', ['-c', AS_LONG_AS_INPUT, folder, command, ...args(folder)], {
    cwd: folder,
    detached: true,
    stdio: 'pipe',
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  })
  let log = ''
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (bytes: Buffer) => void (log = (log + bytes.toString()).slice(-MAX_LOG)))
  }
  // Comes when the last of its processes has let go of the output.
  const gone = once(child, 'close')
  const signal: Program['signal'] = (name) => {
    if (child.pid !== undefined) signalGroup(child.pid, name)
  }
  const end = async () => {
    signal('SIGKILL')
    await gone
    rmSync(folder, { recursive: true })
  }
  try {
    await Promise.all(at.map((place) => listens(place, child)))
  } catch (error) {
    await end()
    throw new Error(`${command} did not start: ${log}`, { cause: error })
  }
  return { signal, [Symbol.asyncDispose]: end }
}

function signalGroup(leader: number, name: NodeJS.Signals): void {
  try {
    process.kill(-leader, name)
  } catch {
    // All of them have ended.
  }
}

/** A listener that is not there yet refuses at once. */
async function listens({ host, port }: Place, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + READY_WITHIN
  while (!(await accepts(host, port))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it has ended')
    if (performance.now() > deadline) throw new Error(`nobody listens at ${host} ${port}`)
    await pause(POLL)
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port })
  return new Promise((resolve) => {
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
  }).then((does) => {
    socket.destroy()
    return does === true
  })
}

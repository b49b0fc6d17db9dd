/**
 * Dante: SOCKS5 with UDP, and SOCKS4. It knows the users of the system and no others: for a login it gets a mount
 * namespace of its own, in which the system has one user more, and knows one name more.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type Place, freePlace } from '../peer-pairs.ts'
import { type Program, findProgram, startProgram } from './program.ts'

export interface Dante extends Program {
  readonly place: Place
}

export function noDanteBecause(): string | undefined {
  return findProgram('danted') === undefined ? 'dante-server is not installed' : undefined
}

/** As `noDanteBecause`, for one with a login. */
export function noDanteUsersBecause(): string | undefined {
  if (findProgram('openssl') === undefined) return 'openssl is not installed'
  try {
    execFileSync('unshare', ['-rm', 'mount', '--bind', '/etc/passwd', '/etc/passwd'], { stdio: 'ignore' })
  } catch {
    return 'mount namespaces are not allowed here (unshare -rm)'
  }
  return noDanteBecause()
}

/** `login`: of the one user that it lets in. */
export async function startDante(login?: readonly [user: string, password: string]): Promise<Dante> {
  const place = await freePlace('127.0.0.1')
  const danted = findProgram('danted') ?? 'danted'
  const lines = [
    'logoutput: stderr',
    `internal: ${place.host} port = ${place.port}`,
    'external: lo',
    'clientmethod: none',
    `socksmethod: ${login ? 'username' : 'none'}`,
    // Of its namespace, where there is nobody else.
    ...(login ? ['user.privileged: root', 'user.unprivileged: root'] : []),
    'client pass { from: 0/0 to: 0/0 }',
    'socks pass { from: 0/0 to: 0/0 }',
  ]
  const files = { 'danted.conf': `${lines.join('\n')}\n` }
  const program = await startProgram({
    command: login ? 'unshare' : danted,
    args: (folder) => {
      const args = ['-f', `${folder}/danted.conf`]
      return login ? ['-rm', 'sh', '-c', WITH_USERS, folder, danted, ...args] : args
    },
    files: () => (login ? { ...files, ...usersWith(login) } : files),
    at: [place],
  })
  return { ...program, place }
}

/** A name that nobody but the one with a login can resolve: it is 127.0.0.1. */
export const KNOWN_TO_DANTE = 'only-dante-knows.test'

const WITH_USERS = 'for file in passwd shadow hosts; do mount --bind "$0/$file" "/etc/$file" || exit; done; exec "$@"'

function usersWith([user, password]: readonly [string, string]): Readonly<Record<string, string>> {
  const hash = execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: password, encoding: 'utf8' })
  const known = readFileSync('/etc/passwd', 'utf8')
  return {
    hosts: `127.0.0.1 localhost ${KNOWN_TO_DANTE}\n`,
    passwd: `${known}${user}:x:64999:64999::/nonexistent:/usr/sbin/nologin\n`,
    shadow: `${user}:${hash.trim()}:19000:0:99999:7:::\n`,
  }
}

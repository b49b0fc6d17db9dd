/** Squid, on two ports of one process: one for everybody, one for who can log in. */
import { execFileSync } from 'node:child_process'
import { type Place, freePlace } from '../peer-pairs.ts'
import { type Program, findProgram, isExecutable, startProgram } from './program.ts'

export interface Squid extends Program {
  readonly open: Place
  /** Offers Digest (MD5), NTLM and Basic. NTLM looks at the name alone: Debian has no helper that knows passwords. */
  readonly locked: Place
}

/** A name that nobody but this proxy can resolve: it is 127.0.0.1. */
export const KNOWN_TO_SQUID = 'only-the-proxy-knows.test'
/** It carries nobody there: status 403. */
export const FORBIDDEN_BY_SQUID = 'forbidden.test'

const HELPERS = ['basic_ncsa_auth', 'digest_file_auth', 'ntlm_fake_auth'].map((name) => `/usr/lib/squid/${name}`)

export function noSquidBecause(): string | undefined {
  if (findProgram('squid') === undefined) return 'squid is not installed'
  if (findProgram('openssl') === undefined) return 'openssl is not installed'
  return HELPERS.every(isExecutable) ? undefined : 'squid has come without its helpers for logins'
}

export async function startSquid(user: string, password: string): Promise<Squid> {
  const [open, locked] = [await freePlace('127.0.0.1'), await freePlace('127.0.0.1')]
  const hash = execFileSync('openssl', ['passwd', '-apr1', '-stdin'], { input: password, encoding: 'utf8' })
  const program = await startProgram({
    command: findProgram('squid') ?? 'squid',
    // The name keeps it apart from every other squid.
    args: (folder) => ['-N', '-n', `sockchart${open.port}`, '-f', `${folder}/squid.conf`],
    files: (folder) => ({
      hosts: `127.0.0.1 ${KNOWN_TO_SQUID}\n127.0.0.1 localhost\n::1 localhost\n`,
      'basic.users': `${user}:${hash}`,
      'digest.users': `${user}:${password}\n`,
      'squid.conf': configuration(folder, open, locked, user),
    }),
    at: [open, locked],
  })
  return { ...program, open, locked }
}

/** Nothing is kept, cached or logged. */
const QUIET = [
  'pid_filename none',
  'access_log none',
  'cache_log /dev/null',
  'cache_store_log none',
  'netdb_filename none',
  'cache deny all',
  'cache_mem 8 MB',
  'memory_pools off',
  'pinger_enable off',
  'coredump_dir none',
]

function configuration(folder: string, open: Place, locked: Place, user: string): string {
  const [basic, digest, ntlm] = HELPERS
  const lines = [
    `http_port ${open.host}:${open.port} name=open`,
    `http_port ${locked.host}:${locked.port} name=locked`,
    `hosts_file ${folder}/hosts`,
    // Nobody answers there: what is not in the file does not exist.
    'dns_nameservers 127.0.0.1',
    'dns_timeout 1 second',
    'visible_hostname proxy.test',
    ...QUIET,
    `auth_param digest program ${digest} ${folder}/digest.users`,
    'auth_param digest realm sockchart',
    `auth_param ntlm program ${ntlm}`,
    `auth_param basic program ${basic} ${folder}/basic.users`,
    ...['digest', 'ntlm', 'basic'].map((scheme) => `auth_param ${scheme} children 1 startup=1 idle=1`),
    'acl everybody myportname open',
    `acl forbidden dstdomain ${FORBIDDEN_BY_SQUID}`,
    // The helper for NTLM reads UTF-16 as ASCII: of a name it sees the first letter, and takes it for the domain, too.
    `acl known proxy_auth ${user} ${user.slice(0, 1)}\\${user.slice(0, 1)}`,
    'http_access deny forbidden',
    'http_access allow everybody',
    'http_access allow known',
    'http_access deny all',
  ]
  return `${lines.join('\n')}\n`
}

/** Whose configuration it is: a client's, a server's or a peer's. This version builds clients. */
import type { IssueList, Place } from './issue.ts'
import type { Entry } from './source.ts'
import type { Scopes } from './scopes.ts'

const NOT_YET = 'not built yet in this version; it runs clients'

/** The entry that makes it a client's; when there is none, says why not. */
export function clientEntry(scopes: Scopes, issues: IssueList, start: Place): Entry | undefined {
  const find = (name: string) => scopes.commandLine.entries.get(name) ?? scopes.file.entries.get(name)
  const mode = find('mode')
  const word = mode?.values[0]
  if (word && !['client', 'server', 'p2p'].includes(word.text)) {
    report(issues, word.at, 'value', `expected client, server or p2p, not "${word.text}"`)
    return undefined
  }
  const isPulling = find('pull') && find('tls-client')
  const client = find('client') ?? (word?.text === 'client' ? mode : isPulling)
  const server = scopes.unbuilt[0] ?? (word?.text === 'server' ? mode : find('tls-server'))
  if (server) {
    reportServer(issues, server, client)
    return undefined
  }
  if (client || issues.lostLines) return client
  const at = scopes.file.remotes[0]?.at ?? scopes.blocks[0]?.at ?? start
  report(issues, at, 'mode', `without "client" this is a peer's configuration, and peers are ${NOT_YET}`, PEER_HINT)
  return undefined
}

const PEER_HINT = 'add a line: client'

function reportServer(issues: IssueList, { name, at, entries, values }: Entry, client: Entry | undefined): void {
  const shown = entries || name === 'listen' ? `<${name}>` : name === 'mode' ? `"mode ${values[0]?.text}"` : `"${name}"`
  const whose = name === 'p2p-sockets' ? 'peer' : 'server'
  if (client) {
    report(
      issues,
      at,
      'mode',
      `${shown} is for ${whose}s, and this is a client's configuration`,
      `remove it, or "${client.name}"`,
    )
  } else report(issues, at, 'mode', `${shown} makes this a ${whose}'s configuration, and ${whose}s are ${NOT_YET}`)
}

function report(issues: IssueList, at: Place, code: string, message: string, hint?: string): void {
  issues.report(at, { severity: 'error', code, message, hint })
}

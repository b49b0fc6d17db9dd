// A connection over an HTTP proxy that wants a login. The login stays in a vault, and gets to this proxy alone.
import { Vault } from 'sockchart'
import { type TcpConnection, connect } from 'sockchart/node'

interface Place {
  readonly host: string
  readonly port: number
}

export function connectOver(proxy: Place, user: string, password: string, target: Place): Promise<TcpConnection> {
  const vault = new Vault()
  const login = vault.add(new TextEncoder().encode(`${user}\n${password}`))
  const hops = [{ kind: 'http-proxy', ...proxy, settings: { login, auth: 'digest' } }]
  return connect({ remotes: [{ ...target, proto: 'tcp', hops }] }, { vault })
}

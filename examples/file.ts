// A client from an OpenVPN configuration file: everything that is wrong with it, or a connection that comes back.
import { renderIssues } from 'sockchart'
import { type Client, createClient, loadConfig } from 'sockchart/node'

export function clientOf(file: string): Client {
  const { config, issues, vault } = loadConfig(file)
  console.error(renderIssues(issues))
  if (config?.mode !== 'client') throw new Error(`${file} is no client's configuration`)
  const client = createClient(config, { vault }) // the keys of tls-auth and tls-crypt stay in the vault
  client.on('connected', ({ transport, remote }) => console.log(`connected to ${remote.host} over ${transport}`))
  client.on('lost', (failure) => console.log(`lost: ${failure.message}`))
  return client
}

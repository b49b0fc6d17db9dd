// A server in a process that may open few files: prints its port, and its counters when `process.argv[2]` clients have come.
import { listen } from '../../dist/src/node/index.js'

const server = await listen({ listen: [{ proto: 'tcp', host: '127.0.0.1', port: 0 }] }, { grace: 0 })
const print = (value) => console.log(JSON.stringify(value))
const codes = new Set()
server.on('refused', ({ failure }) => codes.add(failure.code))
server.on('note', () => {
  const { accepted, refused } = server.roster.counters
  if (accepted + refused === Number(process.argv[2])) print({ accepted, refused, codes: [...codes] })
})
print(server.roster.listeners[0].local.port)
process.stdin.on('end', () => server.close()).resume()

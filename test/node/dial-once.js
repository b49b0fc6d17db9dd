// One round of the client over real sockets, for a process of its own (in a network namespace): its argument is JSON,
// { config, keys } with the keys in hexadecimal; it prints the notes, one JSON line each. It runs the built package.
import { createActor } from 'xstate'
import { clientLogic } from '../../dist/machines/client.js'
import { ConfigSchema } from '../../dist/src/config/schema.js'
import { Vault } from '../../dist/src/config/vault.js'
import { nodeActors } from '../../dist/src/node/actors.js'
import { nodeClock } from '../../dist/src/node/clock.js'

const { config, keys = [] } = JSON.parse(process.argv[2])
const vault = new Vault()
for (const key of keys) vault.add(Buffer.from(key, 'hex'))
const logic = clientLogic(nodeActors({ vault }))
const input = { config: ConfigSchema.parse({ ...config, connectRetryMax: 1 }), seed: 1, release: false }
const client = createActor(logic, { clock: nodeClock, input })
client.on('*', (note) => {
  console.log(JSON.stringify(note))
  if (note.type === 'attempt.won') client.send({ type: 'stop' })
})
client.subscribe({ error: (bug) => console.error(bug) })
client.start()
client.send({ type: 'start' })

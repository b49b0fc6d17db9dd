// One round of the client over real sockets, for a process of its own (in a network namespace, under a limit): its
// argument is JSON, { config, keys, starve } with the keys in hexadecimal; it prints the notes, one JSON line each.
// `starve`: it takes every file descriptor first, and gives them back after so many ms. It runs the built package.
import { closeSync, openSync } from 'node:fs'
import { createActor } from 'xstate'
import { clientLogic } from '../../dist/machines/client.js'
import { ConfigSchema } from '../../dist/src/config/schema.js'
import { Vault } from '../../dist/src/config/vault.js'
import { nodeActors } from '../../dist/src/node/actors.js'
import { nodeClock } from '../../dist/src/node/clock.js'

const { config, keys = [], starve } = JSON.parse(process.argv[2])
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
if (starve !== undefined) {
  const taken = takeAll()
  setTimeout(() => taken.forEach((fd) => closeSync(fd)), starve)
}
client.send({ type: 'start' })

function takeAll() {
  const taken = []
  for (;;) {
    try {
      taken.push(openSync('/dev/null'))
    } catch {
      return taken
    }
  }
}

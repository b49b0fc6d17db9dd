// A client in a process of its own that has no file descriptor left for the first 50 ms: its argument is the
// configuration as JSON; it prints the notes, one JSON line each, up to the first connection. It runs the built package.
import { closeSync, openSync } from 'node:fs'
import { createClient } from '../../dist/src/node/index.js'

const client = createClient(JSON.parse(process.argv[2]))
client.on('note', (note) => console.log(JSON.stringify(note)))
client.on('connected', () => void client.close())

const taken = takeAll()
setTimeout(() => taken.forEach((fd) => closeSync(fd)), 50)

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

// A server in a process of its own that systemd seems to have started: its argument is `{ config, again }` as JSON. It
// prints what became of `listen` as one JSON line, echoes to whom it serves, and ends with its input; with `again` it is
// closed and started once more before. It runs the built package.
import { execFileSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { listen, systemd } from '../../../dist/src/node/index.js'

const { config, again } = JSON.parse(process.argv[2])
const plugins = [systemd()]
const server = await tried()
if (server && again) {
  await server.close()
  await tried()
} else if (server) {
  server.on('connection', ({ socket }) => socket.pipe(socket))
  server.on('message', ({ bytes, reply }) => reply(bytes))
  process.stdin.resume().on('end', async () => {
    await server.close({ grace: 0 })
    tell({ open: isOpen(3) })
  })
}

async function tried() {
  try {
    const server = await listen(config, { plugins })
    tell({ bound: server.roster.listeners.map(({ local }) => local), inherited: inherited() })
    return server
  } catch ({ code, message }) {
    tell({ code, message, inherited: inherited() })
    return undefined
  }
}

/** What a program that is started by this one finds of it. */
function inherited() {
  const found = execFileSync('sh', ['-c', 'env | grep ^LISTEN_; readlink /proc/self/fd/3; true'], { encoding: 'utf8' })
  return found.split('\n').filter((line) => line !== '')
}

function isOpen(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
  } catch {
    return false
  }
}

function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/**
 * Many clients from a process of their own: `node crowd.mjs '[[address, port], ...]' count byte ends`. They come from
 * addresses of their own (a thousand share one), since a pair of addresses has fewer than 30,000 ports. Prints a line when
 * all have come and as many of them have ended as `ends` says; goes, and they with it, at the end of its input.
 */
import { connect } from 'node:net'

const [targets, count, byte, ends] = process.argv.slice(2).map((text) => JSON.parse(text))
/** At once; the backlog of a listener is 511. */
const WIDTH = 200
let come = 0
let ended = 0

function look() {
  if (come === count && ended === ends) console.log('all')
}

function send(i) {
  if (i >= count) return
  const [host, port] = targets[i % targets.length]
  const socket = connect({ host, port, localAddress: `127.1.0.${1 + Math.floor(i / 1000)}` })
  let isNew = true
  const hasCome = () => {
    if (!isNew) return
    isNew = false
    come++
    send(i + WIDTH)
  }
  socket.on('error', () => {})
  socket.on('connect', () => {
    if (byte) socket.write('x')
    hasCome()
    look()
  })
  socket.on('close', () => {
    ended++
    hasCome()
    look()
  })
  socket.resume()
}

for (let i = 0; i < WIDTH; i++) send(i)
process.stdin.on('end', () => process.exit()).resume()

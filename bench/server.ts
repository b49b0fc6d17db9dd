// What a server costs, beside bare Node: medians of interleaved rounds in one run; clients come from a second process.
// `npm run bench`; the figures of bench/README.md come from here.
import { spawn } from 'node:child_process'
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { listen } from '../src/node/listen.ts'
import { median } from './median.ts'

const ROUNDS = 5
/** Binding is soon done, and is what others on the machine disturb most. */
const BIND_ROUNDS = 15
const BLOCKS = 64
const BINDS = 20
const CLIENTS = 10_000
const DATAGRAMS = 100_000

const CROWD = join(process.cwd(), 'test', 'node', 'crowd.mjs')
const LOAD = join(import.meta.dirname, 'datagrams.js')

const collect = globalThis.gc ?? (() => {})
const ignore = () => {}
const closed = (socket: NetServer | UdpSocket) => new Promise<void>((resolve) => socket.close(() => resolve()))
const cpu = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Wall ms of each of `n` runs, one after the other. */
async function time(run: () => Promise<void>, n: number): Promise<number> {
  collect()
  const before = performance.now()
  for (let i = 0; i < n; i++) await run()
  return (performance.now() - before) / n
}

/**
 * Both wildcards on one port, as a block without a name is: another one when somebody else has it in the other family.
 */
async function bareTcp(): Promise<NetServer[]> {
  const four = createServer().listen({ host: '0.0.0.0', port: 0, exclusive: true })
  await once(four, 'listening')
  const { port } = four.address() as AddressInfo
  const six = createServer().listen({ host: '::', port, ipv6Only: true, exclusive: true })
  return (await listens(six)) ? [four, six] : closed(four).then(bareTcp)
}

async function bareUdp(): Promise<UdpSocket[]> {
  const four = createSocket('udp4').bind({ address: '0.0.0.0', port: 0, exclusive: true })
  await once(four, 'listening')
  const six = createSocket({ type: 'udp6', ipv6Only: true })
  six.bind({ address: '::', port: four.address().port, exclusive: true })
  return (await listens(six)) ? [four, six] : Promise.all([four, six].map(closed)).then(bareUdp)
}

/** `false`: its port is not free. */
const listens = (socket: NetServer | UdpSocket): Promise<boolean> =>
  once(socket, 'listening').then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') return false
      throw error
    },
  )

const blocks = Array.from({ length: BLOCKS }, (_, i) => ({
  proto: i % 2 ? ('tcp' as const) : ('udp' as const),
  port: 0,
}))

async function bindBare(): Promise<void> {
  const sockets = await Promise.all(blocks.map(({ proto }) => (proto === 'tcp' ? bareTcp() : bareUdp())))
  await Promise.all(sockets.flat().map(closed))
}

async function bindOurs(): Promise<void> {
  const server = await listen({ listen: blocks })
  await server.close()
}

interface Accepting {
  readonly port: number
  /** All clients were accepted. */
  readonly full: Promise<void>
  readonly close: () => Promise<void>
}

/** Holds the clients, as a program would. */
function hold() {
  const sockets: Socket[] = []
  let isFull = () => {}
  const full = new Promise<void>((resolve) => (isFull = resolve))
  const take = (socket: Socket) => {
    if (sockets.push(socket) === CLIENTS) isFull()
  }
  return { sockets, full, take }
}

async function acceptBare(): Promise<Accepting> {
  const { sockets, full, take } = hold()
  const server = createServer((socket) => take(socket.on('error', ignore)))
  server.listen({ host: '127.0.0.1', port: 0, exclusive: true, backlog: 511 })
  await once(server, 'listening')
  const close = async () => {
    for (const socket of sockets) socket.resetAndDestroy()
    await closed(server)
  }
  return { port: (server.address() as AddressInfo).port, full, close }
}

async function acceptOurs(): Promise<Accepting> {
  const { full, take } = hold()
  const config = { maxClients: CLIENTS, listen: [{ proto: 'tcp', host: '127.0.0.1', port: 0 }] } as const
  const server = await listen(config, { grace: 0 })
  server.on('connection', ({ socket }) => take(socket))
  const port = server.roster.listeners[0]?.local?.port ?? 0
  return { port, full, close: () => server.close() }
}

/** CPU us and heap bytes of this process for each of its clients. */
async function accept(open: () => Promise<Accepting>) {
  const { port, full, close } = await open()
  collect()
  const [before, heap] = [cpu(), process.memoryUsage().heapUsed]
  const crowd = spawn(process.execPath, [CROWD, JSON.stringify([['127.0.0.1', port]]), String(CLIENTS), 'true', '0'])
  await Promise.all([once(crowd.stdout, 'data'), full])
  const each = (cpu() - before) / CLIENTS
  collect()
  const bytes = (process.memoryUsage().heapUsed - heap) / CLIENTS
  await close()
  crowd.stdin.end()
  await once(crowd, 'exit')
  return { cpu: each, heap: bytes }
}

/** Thousands of datagrams that are heard and answered in a CPU second of this process. */
async function answer(port: number): Promise<number> {
  collect()
  const before = cpu()
  const load = spawn(process.execPath, [LOAD, String(port), String(DATAGRAMS)])
  await once(load, 'exit')
  return (1e3 * DATAGRAMS) / (cpu() - before)
}

async function answerBare(): Promise<number> {
  const socket = createSocket('udp4').bind({ address: '127.0.0.1', port: 0, exclusive: true })
  socket.on('message', (bytes, { address, port }) => socket.send(bytes, port, address))
  await once(socket, 'listening')
  const rate = await answer(socket.address().port)
  await closed(socket)
  return rate
}

async function answerOurs(): Promise<number> {
  const server = await listen({ listen: [{ proto: 'udp', host: '127.0.0.1', port: 0 }] })
  server.on('message', ({ bytes, reply }) => void reply(bytes))
  const rate = await answer(server.roster.listeners[0]?.local?.port ?? 0)
  await server.close()
  return rate
}

const bareBind: number[] = []
const oursBind: number[] = []
const bareAccept: { cpu: number; heap: number }[] = []
const oursAccept: { cpu: number; heap: number }[] = []
const bareRate: number[] = []
const oursRate: number[] = []

// V8 needs some hundred rounds to be done with the machines.
for (let warm = 0; warm < 300; warm++) {
  await bindBare()
  await bindOurs()
}
for (let round = 0; round < BIND_ROUNDS; round++) {
  bareBind.push(await time(bindBare, BINDS))
  oursBind.push(await time(bindOurs, BINDS))
}
await accept(acceptBare)
await accept(acceptOurs)
for (let round = 0; round < ROUNDS; round++) {
  bareAccept.push(await accept(acceptBare))
  oursAccept.push(await accept(acceptOurs))
}
for (let round = 0; round < ROUNDS; round++) {
  bareRate.push(await answerBare())
  oursRate.push(await answerOurs())
}

const ratio = (ours: readonly number[], bare: readonly number[]) =>
  median(ours.map((figure, i) => figure / (bare[i] ?? NaN)))
const of = (figures: readonly { cpu: number; heap: number }[], what: 'cpu' | 'heap') =>
  figures.map((figure) => figure[what])
const heap = median(of(oursAccept, 'heap').map((each, i) => each - (bareAccept[i]?.heap ?? NaN)))
const both = (ours: readonly number[], bare: readonly number[], digits: number) =>
  `${median(ours).toFixed(digits)}, ${median(bare).toFixed(digits)}`

const rows = [
  ['64 blocks, 128 sockets, bound and closed, wall', `${ratio(oursBind, bareBind).toFixed(2)} x`, '<= 3.0 x'],
  ['  the same in ms: sockchart, bare', both(oursBind, bareBind, 1), ''],
  ['10,000 clients accepted, CPU', `${ratio(of(oursAccept, 'cpu'), of(bareAccept, 'cpu')).toFixed(2)} x`, '<= 1.5 x'],
  ['  the same in us each: sockchart, bare', both(of(oursAccept, 'cpu'), of(bareAccept, 'cpu'), 0), ''],
  ['heap of an accepted client above the bare socket', `${heap.toFixed(0)} B`, '<= 1024 B'],
  ['UDP messages answered in a CPU second', `${ratio(oursRate, bareRate).toFixed(2)} x`, '>= 0.85 x'],
  ['  the same in thousands: sockchart, bare', both(oursRate, bareRate, 0), ''],
] as const
for (const [what, figure, bound] of rows) console.log(what.padEnd(52), figure.padStart(12), bound.padStart(10))
process.exit(0)

// What a client costs, beside bare Node: medians of 5 interleaved rounds in one run. `npm run bench`; the figures of
// README.md and bench/README.md come from here.
import { once } from 'node:events'
import { type AddressInfo, type Socket, createServer, connect as netConnect } from 'node:net'
import { connect } from '../src/node/connect.ts'
import { type Client, createClient } from '../src/node/create-client.ts'
import { cpuEach } from './cpu-each.ts'
import { median } from './median.ts'

const ROUNDS = 5
const CONNECTS = 2_000
const LIVE = 2_000

const collect = globalThis.gc ?? (() => {})

/** Heap bytes for each of `n` things that stay alive. */
async function heapEach<Thing>(n: number, make: () => Promise<Thing>, drop: (thing: Thing) => Promise<void>) {
  collect()
  const before = process.memoryUsage().heapUsed
  const alive: Thing[] = []
  for (let i = 0; i < n; i++) alive.push(await make())
  collect()
  const each = (process.memoryUsage().heapUsed - before) / n
  for (const thing of alive) await drop(thing)
  return each
}

const server = createServer((socket) => socket.on('error', () => {}).resume())
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const remotes = [{ host: '127.0.0.1', port, proto: 'tcp' as const }]

// Reset rather than closed: 20,000 connections in TIME_WAIT would measure the kernel's tables.
async function drop(socket: Socket): Promise<void> {
  socket.resetAndDestroy()
  await once(socket, 'close')
}

async function bare(): Promise<Socket> {
  const socket = netConnect({ host: '127.0.0.1', port })
  await once(socket, 'connect')
  return socket
}

const ours = async () => (await connect({ remotes })).socket

async function live(): Promise<Client> {
  const client = createClient({ remotes })
  await once(client, 'connected')
  return client
}

const bareCpu: number[] = []
const oursCpu: number[] = []
const bareHeap: number[] = []
const oursHeap: number[] = []

await cpuEach(500, async () => drop(await bare()))
await cpuEach(500, async () => drop(await ours()))
for (let round = 0; round < ROUNDS; round++) {
  bareCpu.push(await cpuEach(CONNECTS, async () => drop(await bare())))
  oursCpu.push(await cpuEach(CONNECTS, async () => drop(await ours())))
  bareHeap.push(await heapEach(LIVE, bare, drop))
  oursHeap.push(await heapEach(LIVE, live, (client) => client.close()))
}
server.close()

const ratio = median(oursCpu.map((cpu, i) => cpu / (bareCpu[i] ?? NaN)))
const heap = median(oursHeap.map((each, i) => each - (bareHeap[i] ?? NaN))) / 1024
const rows = [
  ['connect() to a literal, CPU against net.connect', `${ratio.toFixed(2)} x`, '<= 5.0 x'],
  ['  the same in us: sockchart, bare', `${median(oursCpu).toFixed(0)}, ${median(bareCpu).toFixed(0)}`, ''],
  ['heap of a live client above the bare socket', `${heap.toFixed(1)} KiB`, '<= 14 KiB'],
] as const
for (const [what, figure, bound] of rows) console.log(what.padEnd(52), figure.padStart(12), bound.padStart(10))
process.exit(0)

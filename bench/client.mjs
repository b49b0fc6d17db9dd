// What a client costs beside bare Node, as ratios in one run: medians of 5 interleaved rounds. `npm run bench`.
// The figures in README.md and bench/README.md come from here.
import { createServer, connect as netConnect } from 'node:net'
import { once } from 'node:events'
import { connect, createClient } from 'sockchart/node'
import { parseScenario, runScenario } from 'sockchart/sim'

const ROUNDS = 5
const CONNECTS = 2_000
const LIVE = 2_000
const SCHEDULES = 4_000

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

/** CPU microseconds of this process for each of `n` runs, one after the other. */
async function cpuEach(n, run) {
  const before = process.cpuUsage()
  for (let i = 0; i < n; i++) await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / n
}

/** Heap bytes for each of `n` things that stay alive. */
async function heapEach(n, make, drop) {
  gc()
  const before = process.memoryUsage().heapUsed
  const alive = []
  for (let i = 0; i < n; i++) alive.push(await make())
  gc()
  const each = (process.memoryUsage().heapUsed - before) / n
  for (const one of alive) await drop(one)
  return each
}

const server = createServer((socket) => socket.on('error', () => {}).resume())
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address()
const remotes = [{ host: '127.0.0.1', port, proto: 'tcp' }]

// Reset rather than closed: 20,000 connections in TIME_WAIT would measure the kernel's tables.
const drop = async (socket) => {
  socket.resetAndDestroy()
  await once(socket, 'close')
}
const bare = async () => {
  const socket = netConnect({ host: '127.0.0.1', port })
  await once(socket, 'connect')
  return socket
}
const ours = async () => (await connect({ remotes })).socket

const live = async () => {
  const client = createClient({ remotes })
  await once(client, 'connected')
  return client
}

const { scenario } = parseScenario({
  config: {
    remotes: [
      { host: 'vpn.test', proto: 'tcp' },
      { host: 'b.test', proto: 'tcp' },
    ],
    connectRetryMax: 2,
  },
  names: {
    'vpn.test': [{ address: '2001:db8::1' }, { address: '198.51.100.1', delayMs: 30 }],
    'b.test': [{ address: '198.51.100.2' }],
  },
  network: { '198.51.100.1': { tcp: { refuse: 5 } }, '198.51.100.2': { tcp: { connect: 20, reset: 900 } } },
})

const rounds = { cpu: [], bareCpu: [], heap: [], bareHeap: [], schedules: [] }
await cpuEach(500, async () => drop(await bare()))
await cpuEach(500, async () => drop(await ours()))
for (let round = 0; round < ROUNDS; round++) {
  rounds.bareCpu.push(await cpuEach(CONNECTS, async () => drop(await bare())))
  rounds.cpu.push(await cpuEach(CONNECTS, async () => drop(await ours())))
  rounds.bareHeap.push(await heapEach(LIVE, bare, drop))
  rounds.heap.push(await heapEach(LIVE, live, (client) => client.close()))
  const each = await cpuEach(SCHEDULES, () => void runScenario(scenario))
  rounds.schedules.push(1_000_000 / each)
}
server.close()

const ratio = median(rounds.cpu.map((cpu, i) => cpu / rounds.bareCpu[i]))
const heap = median(rounds.heap.map((heap, i) => heap - rounds.bareHeap[i])) / 1024
const rows = [
  ['connect() to a literal, CPU against net.connect', `${ratio.toFixed(2)} x`, '<= 5.0 x'],
  ['  of which: sockchart, bare', `${median(rounds.cpu).toFixed(0)} us, ${median(rounds.bareCpu).toFixed(0)} us`, ''],
  ['heap of a live client above the bare socket', `${heap.toFixed(1)} KiB`, '<= 14 KiB'],
  ['virtual client schedules per second and core', median(rounds.schedules).toFixed(0), '>= 1500'],
]
for (const [what, figure, bound] of rows) console.log(what.padEnd(50), figure.padStart(16), bound.padStart(10))
process.exit(0)

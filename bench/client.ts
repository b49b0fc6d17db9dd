// What a client costs, beside bare Node and as schedules on the virtual network: medians of 5 interleaved rounds in one
// run. `npm run bench`; the figures of README.md and bench/README.md come from here.
import * as fc from 'fast-check'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { type AddressInfo, type Socket, createServer, connect as netConnect } from 'node:net'
import { join } from 'node:path'
import { connect } from '../src/node/connect.ts'
import { type Client, createClient } from '../src/node/create-client.ts'
import { type ClientScenario, isClients, parseScenario } from '../src/sim/scenario.ts'
import { invariants } from '../test/properties/invariants.ts'
import { observe } from '../test/properties/observe.ts'
import { roundsOf } from '../test/properties/rounds.ts'
import { script } from '../test/properties/script.ts'
import { median } from './median.ts'

const ROUNDS = 5
const CONNECTS = 2_000
const LIVE = 2_000
const GENERATED = 1_500

const collect = globalThis.gc ?? (() => {})

/** CPU microseconds of this process, of all its threads, for each of `n` runs one after the other. */
async function cpuEach(n: number, run: () => Promise<void> | void): Promise<number> {
  // What others left behind is not collected at our expense.
  collect()
  const before = process.cpuUsage()
  for (let i = 0; i < n; i++) await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / n
}

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

const folder = join(process.cwd(), 'test', 'scenarios')
const catalogue = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.json'))
  .map((file) => parseScenario(JSON.parse(readFileSync(join(folder, file), 'utf8'))))
  .flatMap((parsed) => ('scenario' in parsed && isClients(parsed.scenario) ? [parsed.scenario] : []))
const generated = fc.sample(script, { seed: 1, numRuns: GENERATED })

/** One schedule with its trace, its leak checks, and every invariant but those that run it again (D1, MODEL). */
function play(scenario: ClientScenario): void {
  const seen = observe(scenario, false)
  const rounds = roundsOf(seen.notes, scenario)
  for (const [id, holds] of Object.entries(invariants)) {
    const broken = id === 'D1' || id === 'MODEL' ? undefined : holds(seen, rounds)
    if (broken !== undefined) throw new Error(`${id}: ${broken}`)
  }
}

const perSecond = async (scenarios: readonly ClientScenario[], times: number) => {
  let next = 0
  return (
    1e6 / (await cpuEach(scenarios.length * times, () => play(scenarios[next++ % scenarios.length] as ClientScenario)))
  )
}

const bareCpu: number[] = []
const oursCpu: number[] = []
const bareHeap: number[] = []
const oursHeap: number[] = []
const files: number[] = []
const scripts: number[] = []

// First, while the process holds nothing else. V8 needs some 10,000 schedules to be done with the machines; the tests
// run more than that.
await perSecond(catalogue, 60)
await perSecond(generated, 3)
for (let round = 0; round < ROUNDS; round++) {
  files.push(await perSecond(catalogue, 10))
  scripts.push(await perSecond(generated, 1))
}

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
  [`schedules per CPU second, ${catalogue.length} scenario files`, median(files).toFixed(0), '>= 1500'],
  [`schedules per CPU second, ${GENERATED} generated scripts`, median(scripts).toFixed(0), '>= 1500'],
] as const
for (const [what, figure, bound] of rows) console.log(what.padEnd(52), figure.padStart(12), bound.padStart(10))
process.exit(0)

/**
 * `sockchart demo`: a failover on this machine's loopback, told while it happens. The servers are the demo's own and so
 * are the names; the client is the one that programs get (`createClient`).
 */
import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { parseConfig } from '../../config/parse.ts'
import { entriesOf } from '../../ledger.ts'
import { nodeActors } from '../actors.ts'
import { type Client, createClient } from '../create-client.ts'
import type { Lookup } from '../lookup-queue.ts'
import type { Arguments } from './arguments.ts'
import { blackhole } from './blackhole.ts'
import { EXIT, type Io, tellProgram, widthOf } from './io.ts'
import { ledgerLines, wrap } from './ledger-view.ts'
import { type Paint, paintFor } from './paint.ts'
import { hearSignals } from './signals.ts'
import { newTape } from './tape.ts'
import { noView, viewOn } from './view.ts'

/** What the names mean, and what stands behind them. */
interface Stage extends AsyncDisposable {
  readonly names: Readonly<Record<string, readonly string[]>>
  /** Of the first remote: dead and refusing. */
  readonly deadPort: number
  /** Of the second: two good servers. */
  readonly goodPort: number
  /** Ends the server behind an address, and its connections. */
  readonly kill: (address: string) => void
}

/** How long each act stays on the screen, ms. */
const ACT = 1500

export async function demo({ options }: Arguments, io: Io): Promise<number> {
  const paint = paintFor(io.stderr, io.env, options)
  const view = options.json ? noView : viewOn(io.stderr, paint, options)
  const say = narrator(view.say, io, paint)
  await using stage = await setStage()
  const [dead, refusing] = stage.names['first.demo'] ?? []
  const [good, spare] = stage.names['second.demo'] ?? []

  say('A client has two servers to try, each with two addresses on this machine:')
  const text = configText(stage)
  if (!options.json) io.stderr.write(`${indented(text, paint)}\n`)
  say(
    `first.demo is ${dead}, which swallows every packet, and ${refusing}, where nobody listens. ` +
      `second.demo is ${good} and ${spare}; both answer. The client does not know that: it tries what it was given, in that order.`,
  )

  const tape = newTape()
  const client = startClient(text, stage, options.seed)
  client.on('note', (note) => {
    const ledger = tape.note(note)
    if (options.json) tellProgram(io.stdout, note)
    view.note(note, ledger)
  })
  const stopper = new AbortController()
  const unhear = hearSignals(io, { SIGINT: () => stopper.abort(), SIGTERM: () => stopper.abort() })
  const interrupted = await play(client, stage, say, stopper.signal).then(
    () => false,
    () => true,
  )
  await client.close()
  unhear()
  view.end()
  if (options.json) tellProgram(io.stdout, tape.result())
  else {
    if (!interrupted) say('Every attempt, and why it ended as it did, is in the ledger:')
    const sheet = { width: widthOf(io.stderr), paint }
    for (const line of ledgerLines(entriesOf(tape.ledger()), sheet)) io.stderr.write(`${line}\n`)
    if (!interrupted) say('The same with a configuration of yours: sockchart run FILE')
  }
  return interrupted ? EXIT.interrupted : EXIT.done
}

/** The acts; rejects when it is interrupted. */
async function play(client: Client, stage: Stage, say: (text: string) => void, signal: AbortSignal): Promise<void> {
  const [connection] = await once(client, 'connected', { signal })
  const { address, family } = connection.candidate
  say(
    `The first address was silent until its deadline, the second refused at once. So the second remote's turn came, and ${address} answers.`,
  )
  await pause(ACT, undefined, { signal })
  say(`Now the server on ${address} dies. The connection was young, so the round goes on with the next candidate.`)
  const again = once(client, 'connected', { signal })
  stage.kill(address)
  const [second] = await again
  const other = second.candidate.family === family ? 'another address' : `over ${second.candidate.family}`
  say(`The client is back, ${other}, without a pause: pauses stand between rounds, not between candidates.`)
  await pause(ACT, undefined, { signal })
}

function configText({ deadPort, goodPort }: Stage): string {
  return [
    'client',
    'proto tcp',
    `remote first.demo ${deadPort}`,
    `remote second.demo ${goodPort}`,
    'connect-timeout 2   # seconds; one deadline for each attempt',
  ].join('\n')
}

function startClient(text: string, { names }: Stage, seed: number | undefined): Client {
  const { config } = parseConfig({ text, file: 'demo' })
  if (!config) throw new Error('the demo has a configuration with errors')
  const lookup: Lookup = (host, _, answer) => answer(null, names[host] ?? [])
  return createClient(config, { actors: nodeActors({ lookup }), ...(seed !== undefined && { seed }) })
}

const indented = (text: string, paint: Paint) =>
  text.replace(/^/gm, '    ').replace(/^.*$/gm, (line) => paint('dim', line))

/** Sentences as paragraphs, at most 80 columns wide. */
function narrator(say: (text: string) => void, io: Io, paint: Paint): (text: string) => void {
  return (text) => {
    const lines = wrap(text, Math.min(widthOf(io.stderr), 80) - 1)
    say(lines.map((line) => paint('bold', line)).join('\n'))
  }
}

/** IPv6 where this machine has it; 127.0.0.2 in its place otherwise. */
async function setStage(): Promise<Stage> {
  const servers = new Map<string, { readonly server: Server; readonly sockets: Set<Socket> }>()
  const first = (await canBind('::1')) ? '::1' : '127.0.0.2'
  const dead = await blackhole(first)
  const goodPort = await listenOn(servers, [first, '127.0.0.1'])
  const kill = (address: string) => {
    const found = servers.get(address)
    found?.server.close()
    for (const socket of found?.sockets ?? []) socket.destroy()
  }
  return {
    names: { 'first.demo': [first, '127.0.0.1'], 'second.demo': [first, '127.0.0.1'] },
    deadPort: dead.port,
    goodPort,
    kill,
    [Symbol.asyncDispose]: async () => {
      for (const address of servers.keys()) kill(address)
      await dead[Symbol.asyncDispose]()
    },
  }
}

type Servers = Map<string, { readonly server: Server; readonly sockets: Set<Socket> }>

/** Echo servers on one port of several addresses. */
async function listenOn(servers: Servers, addresses: readonly string[]): Promise<number> {
  let port = 0
  for (const host of addresses) {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
      socket.pipe(socket)
    })
    server.listen({ host, port })
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    servers.set(host, { server, sockets })
  }
  return port
}

async function canBind(host: string): Promise<boolean> {
  const server = createServer().listen({ host, port: 0 })
  try {
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

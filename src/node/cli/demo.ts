/**
 * `sockchart demo`: a failover on this machine's loopback, told while it happens. The servers are the demo's own and so
 * are the names; the client is the one that programs get (`createClient`).
 */
import { once } from 'node:events'
import { type AddressInfo, type Socket, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Candidate } from '../../candidate.ts'
import { parseConfig } from '../../config/parse.ts'
import { entriesOf } from '../../ledger.ts'
import { nodeActors } from '../actors.ts'
import { type Client, type ClientEvents, createClient } from '../create-client.ts'
import type { Lookup } from '../lookup-queue.ts'
import type { Arguments } from './arguments.ts'
import { blackhole } from './blackhole.ts'
import { EXIT, type Io, tellProgram, widthOf } from './io.ts'
import { ledgerLines } from './ledger-view.ts'
import { type Paint, paintFor } from './paint.ts'
import { hearSignals, jobControl } from './signals.ts'
import { wrap } from './table.ts'
import { clientTape } from './tape.ts'
import { clientView, noView } from './view.ts'

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
  const view = options.json ? noView : clientView(io.stderr, paint, options)
  const say = narrator(view.say, io, paint)
  const stopper = new AbortController()
  const stop = () => stopper.abort()
  const unhear = hearSignals(io, { SIGINT: stop, SIGTERM: stop, SIGHUP: stop, ...jobControl(io, () => view) })
  await using stage = await setStage()
  const text = configText(stage)
  say(exposition(stage))
  view.say(text.replace(/^.*$/gm, (line) => `    ${paint('dim', line)}`))

  const tape = clientTape()
  const client = startClient(text, stage, options.seed)
  client.on('note', (note) => {
    if (options.json) tellProgram(io.stdout, note)
    view.note(note, tape.note(note))
  })
  try {
    await play(client, stage, say, stopper.signal)
  } catch (error) {
    if (!stopper.signal.aborted) throw error
  } finally {
    await client.close()
    unhear()
    view.end()
  }
  const played = !stopper.signal.aborted
  if (options.json) tellProgram(io.stdout, { type: 'result', at: tape.at(), ...tape.result() })
  else {
    if (played) say('Every attempt, and why it ended as it did, is in the ledger:')
    const sheet = { width: widthOf(io.stderr), paint }
    for (const line of ledgerLines(entriesOf(tape.state()), sheet)) view.say(line)
    if (played) say('The same with a configuration of yours: sockchart run FILE')
    else view.say(paint('yellow', 'interrupted'))
  }
  return played ? EXIT.done : EXIT.interrupted
}

/** The acts; rejects when it is interrupted. */
async function play(client: Client, stage: Stage, say: (text: string) => void, signal: AbortSignal): Promise<void> {
  const { address, family } = await nextConnection(client, signal)
  const silent = hasDead(stage) ? 'The first address was silent until its deadline, the second' : 'The first address'
  say(`${silent} refused at once. So it was the second remote's turn, and ${address} answers.`)
  await pause(ACT, undefined, { signal })
  say(`Now the server on ${address} dies. The connection was young, so the round goes on with the next candidate.`)
  const back = nextConnection(client, signal)
  stage.kill(address)
  const other = (await back).family === family ? 'on another address' : 'over the other address family'
  say(`The client is back ${other}, without a pause: pauses stand between rounds, not between candidates.`)
  await pause(ACT, undefined, { signal })
}

async function nextConnection(client: Client, signal: AbortSignal): Promise<Candidate> {
  const [connection] = (await once(client, 'connected', { signal })) as ClientEvents['connected']
  return connection.candidate
}

const hasDead = ({ names }: Stage) => names['first.demo']?.length === 2

function exposition(stage: Stage): string {
  const [first, last] = stage.names['first.demo'] ?? []
  const [good, spare] = stage.names['second.demo'] ?? []
  const behind = hasDead(stage)
    ? `${first}, which swallows every packet, and ${last}, where nobody listens`
    : `${first}, where nobody listens`
  return (
    `A client has two servers to try. first.demo is ${behind}; second.demo is ${good} and ${spare}, and both answer. ` +
    'The client does not know that. It tries what it was given, in that order:'
  )
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
  if (config?.mode !== 'client') throw new Error('the demo has a configuration with errors')
  const lookup: Lookup = (host, _, answer) => answer(null, names[host] ?? [])
  return createClient(config, { actors: nodeActors({ lookup }), ...(seed !== undefined && { seed }) })
}

/** Sentences as paragraphs, at most 80 columns wide. */
function narrator(say: (text: string) => void, io: Io, paint: Paint): (text: string) => void {
  return (text) => {
    const lines = wrap(text, Math.min(widthOf(io.stderr), 80) - 1)
    say(lines.map((line) => paint('bold', line)).join('\n'))
  }
}

/** IPv6 where this machine has it; 127.0.0.2 in its place otherwise. */
async function setStage(): Promise<Stage> {
  const first = (await canBind('::1')) ? '::1' : '127.0.0.2'
  // Where the system lets no queue be filled, the story does without the dead candidate.
  const dead = await blackhole(first).catch(() => undefined)
  const good = await listenOn([first, '127.0.0.1'])
  return {
    names: {
      'first.demo': dead ? [first, '127.0.0.1'] : ['127.0.0.1'],
      'second.demo': [first, '127.0.0.1'],
    },
    deadPort: dead?.port ?? UNUSED_PORT,
    goodPort: good.port,
    kill: good.kill,
    [Symbol.asyncDispose]: async () => {
      good.kill(first)
      good.kill('127.0.0.1')
      await dead?.[Symbol.asyncDispose]()
    },
  }
}

/** Discard: hardly anybody has listened there for decades. */
const UNUSED_PORT = 9
/** A port that is free on one address may be taken on the other. */
const PORT_TRIES = 16

/** Echo servers on one port of several addresses. */
async function listenOn(addresses: readonly string[]) {
  for (let tries = 1; ; tries++) {
    const servers = new Map<string, EchoServer>()
    const kill = (address: string) => servers.get(address)?.kill()
    try {
      let port = 0
      for (const host of addresses) {
        const server = await echoServer(host, port)
        servers.set(host, server)
        ;({ port } = server)
      }
      return { port, kill }
    } catch (error) {
      for (const address of addresses) kill(address)
      if (tries === PORT_TRIES) throw error
    }
  }
}

interface EchoServer {
  readonly port: number
  /** Closes it and its connections; again does nothing. */
  readonly kill: () => void
}

async function echoServer(host: string, port: number): Promise<EchoServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.pipe(socket)
  })
  server.listen({ host, port })
  await once(server, 'listening')
  const kill = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { port: (server.address() as AddressInfo).port, kill }
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

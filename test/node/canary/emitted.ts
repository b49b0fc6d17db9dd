/** Everything that the engine says of one configuration: to programs, to inspectors, to the terminal. */
import { createInspector } from '@statelyai/inspect'
import { once } from 'node:events'
import { inspect } from 'node:util'
import { expect, vi } from 'vitest'
import type { AnyActorRef, InspectionEvent } from 'xstate'
import { printConfig } from '../../../src/config/print.ts'
import { renderIssues } from '../../../src/config/render.ts'
import type { ClientConfig, ClientConfigInput } from '../../../src/config/schema.ts'
import type { Vault } from '../../../src/config/vault.ts'
import { ConnectError } from '../../../src/node/connect-error.ts'
import { connect } from '../../../src/node/connect.ts'
import type { Connection } from '../../../src/node/connection.ts'
import { type Client, createClient } from '../../../src/node/create-client.ts'
import { loadConfig } from '../../../src/node/load-config.ts'
import { sockchart } from '../../../src/node/cli/sockchart.ts'
import { KNOWN_PLUGINS } from '../../../src/plugins/known.ts'
import { traceLine } from '../../../src/trace.ts'
import { fakeIo } from '../cli/fake-io.ts'

/** What was said, by where. */
export type Emissions = ReadonlyMap<string, string>

/** `connected`, or the code of the first failure and the stage. */
export type Outcome = string

export interface Story {
  readonly said: Emissions
  /** Of each way of running it. */
  readonly outcomes: Readonly<Record<string, Outcome>>
}

/** `argv`: a file and directives. */
export async function storyOf(file: string, argv: readonly string[]): Promise<Story> {
  const { config, ...parsed } = loadConfig(file, { argv })
  expect(renderIssues(parsed.issues.filter(({ severity }) => severity === 'error'))).toBe('')
  if (config?.mode !== 'client') throw new Error('expected the configuration of a client')
  const said = new Map([
    ['parsed', shown({ config, ...parsed })],
    ['issues', renderIssues(parsed.issues)],
    ['printConfig', printConfig(config, { plugins: KNOWN_PLUGINS }).text],
  ])
  const ofPrograms = await programsOf(config, parsed.vault)
  const runs = ['run --once', 'run --once --json', 'check -v', 'check --json', 'plan', 'plan --json']
  await Promise.all(
    runs.map(async (command) => {
      const io = fakeIo(command === 'run --once' ? 200 : undefined)
      await sockchart([...command.split(' '), file, ...argv], io)
      said.set(command, io.stdout.text + io.stderr.text)
    }),
  )
  return { said: new Map([...said, ...ofPrograms.said]), outcomes: ofPrograms.outcomes }
}

/** What programs get of it: by `connect()`, and by a client that lives on. */
export async function programsOf(config: ClientConfig | ClientConfigInput, vault: Vault): Promise<Story> {
  const [once, living] = await Promise.all([connected(config, vault), lived(config, vault)])
  return {
    said: new Map([...once.said, ...living.said]),
    outcomes: { 'connect()': once.outcome, 'createClient()': living.outcome },
  }
}

interface Run {
  readonly said: Emissions
  readonly outcome: Outcome
}

async function connected(config: ClientConfigInput, vault: Vault): Promise<Run> {
  const watch = watcher()
  const end = await connect({ ...config, connectRetryMax: 1 }, { vault, inspect: watch.inspect }).catch(
    (error: unknown) => error as Error,
  )
  const outcome = await outcomeOf(end)
  return { outcome, said: new Map([['connect()', describeEnd(end)], ...(await watch.seen())]) }
}

async function lived(config: ClientConfigInput, vault: Vault): Promise<Run> {
  const watch = watcher()
  const client = createClient({ ...config, connectRetryMax: 1 }, { vault, inspect: watch.inspect })
  const notes: string[] = []
  client.on('note', (note) => {
    notes.push(shown(note), traceLine(note))
    // Whoever looks into it while it negotiates.
    if (note.type === 'attempt.connected') notes.push(inside(client))
  })
  const end = await Promise.race([first(client, 'connected'), first(client, 'failed')])
  const within = inside(client)
  const outcome = await outcomeOf(end)
  await client.close()
  const said = [
    ['notes', notes.join('\n')],
    ['ledger', shown(client.ledger)],
    ['createClient()', describeEnd(end)],
    ['a client', within],
  ] as const
  return { outcome, said: new Map([...said, ...(await watch.seen())]) }
}

const first = async (client: Client, event: 'connected' | 'failed') =>
  ((await once(client, event)) as [Connection | Error])[0]

async function outcomeOf(end: Connection | Error): Promise<Outcome> {
  if (!(end instanceof Error)) {
    await end[Symbol.asyncDispose]()
    return 'connected'
  }
  const why = end instanceof ConnectError ? end.ledger[0]?.failure : undefined
  return why ? `${why.code} at ${why.stage}${why.hop === undefined ? '' : ` ${why.hop}`}` : end.message
}

function describeEnd(end: Connection | Error): string {
  if (!(end instanceof Error)) {
    // The stream is the program's; what we say of it is ours.
    const { remote, candidate, confirmation, ledger } = end
    return shown({ remote, candidate, confirmation, ledger })
  }
  return [end.message, end.stack, String(end), shown(end), JSON.stringify(Object.entries(end))].join('\n')
}

/** As a program may print it. */
const shown = (value: unknown) =>
  [
    JSON.stringify(value),
    inspect(value, { showHidden: true, depth: null, maxArrayLength: null, maxStringLength: null }),
  ].join('\n')

const inside = (client: Client) => inspect(client, { showHidden: true, depth: 6 })

/** What XState tells inspectors, what Stately's makes of it, and what a program could keep of each actor. */
function watcher() {
  const events: string[] = []
  const snapshots: string[] = []
  const sent: string[] = []
  const stately = createInspector({
    start: () => {},
    stop: () => {},
    send: (event) => void sent.push(JSON.stringify(event)),
  })
  const next = (stately.inspect as { next: (event: InspectionEvent) => void }).next
  return {
    inspect: (event: InspectionEvent) => {
      const { type } = event
      if ('event' in event) events.push(`${type} ${shown(event.event)}`)
      if ('snapshot' in event) snapshots.push(snapshotOf(event.actorRef as AnyActorRef))
      next(event)
    },
    seen: async (): Promise<readonly (readonly [string, string])[]> => {
      // It converts in a later turn.
      await vi.waitFor(() => expect(sent.join('')).toContain('@xstate.snapshot'))
      return [
        ['events of the inspector', events.join('\n')],
        ['persisted snapshots', snapshots.join('\n')],
        ['Stately’s inspector', sent.join('\n')],
      ]
    },
  }
}

function snapshotOf(actor: AnyActorRef): string {
  const { context } = actor.getSnapshot() as { readonly context?: unknown }
  return [JSON.stringify(actor.getPersistedSnapshot()), shown(context)].join('\n')
}

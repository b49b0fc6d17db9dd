/** The plan of a server: every socket that would be bound, block by block. */
import { nameOf } from '../../bind-list.ts'
import { type PlannedBlock, type PlannedSocket, makeBindPlan } from '../../bind-plan.ts'
import type { Listen, ServerConfig } from '../../config/server-schema.ts'
import { formatEndpoint } from '../../endpoint.ts'
import { type Failure, failure } from '../../failure.ts'
import { printable } from '../../printable.ts'
import { reasonOf } from '../explain.ts'
import { ownAddresses } from '../monitor.ts'
import type { Ask } from './ask.ts'
import { EXIT, type ProgramLine } from './io.ts'
import type { Style } from './paint.ts'
import type { PlanSheet } from './plan.ts'
import { sockets } from './roster-view.ts'
import { GAP, type Sheet, belowRow, sentenceLines } from './table.ts'

type Bindings = Pick<ServerConfig, 'listen' | 'bindPolicy' | 'multihome' | 'resolveTimeout'>
type NameOfBlock = (block: number) => string

const blockName: NameOfBlock = (block) => `block ${block + 1}`

export async function planServer(config: Bindings, ask: Ask, nameOfBlock = blockName): Promise<PlanSheet> {
  const blocks = await makeBindPlan(config, ownAddresses(), async (lookup) => {
    const { addresses, failure } = await ask(lookup, config.resolveTimeout)
    return failure ?? addresses
  })
  const why = whyNot(blocks, config, nameOfBlock)
  return {
    code: why ? EXIT.failed : EXIT.done,
    records: recordsOf(blocks),
    result: { outcome: why ? 'failed' : 'planned', sockets: bindableIn(blocks), ...(why && { failure: why }) },
    linesOf: (sheet) => linesOf(blocks, config, why, nameOfBlock, sheet),
  }
}

/** Why a server that runs like this would not start. */
function whyNot(
  blocks: readonly PlannedBlock[],
  { bindPolicy }: Bindings,
  nameOfBlock: NameOfBlock,
): Failure | undefined {
  const failed = blocks.flatMap((block) => failuresOf(block, nameOfBlock))
  const [first] = failed
  if (first && bindPolicy === 'all') return first
  if (bindableIn(blocks) > 0) return undefined
  return first ?? failure('NO_ADDRESS', 'plan', 'there is no socket to bind')
}

const bindableIn = (blocks: readonly PlannedBlock[]) =>
  blocks.reduce((sum, { sockets }) => sum + sockets.filter(({ failure }) => !failure).length, 0)

/** Each says which block, and what of it. */
function failuresOf({ block, listen, sockets, failure: why }: PlannedBlock, nameOfBlock: NameOfBlock): Failure[] {
  const of = (what: string, { code, stage, message }: Failure) =>
    failure(code, stage, `${nameOfBlock(block)}, ${what}: ${message}`)
  return [
    ...(why ? [of(nameOf(listen) ?? listen.proto, why)] : []),
    ...sockets.flatMap((socket) => (socket.failure ? [of(formatEndpoint(socket), socket.failure)] : [])),
  ]
}

// --- for a program ---

function recordsOf(blocks: readonly PlannedBlock[]): ProgramLine[] {
  return blocks.flatMap(({ block, listen, sockets, skipped, warning, failure }): ProgramLine[] => [
    ...(failure ? [{ type: 'unresolved', block, host: listen.host ?? null, failure }] : []),
    ...sockets.map(({ kind, failure, ...endpoint }) => {
      return { type: 'socket', block, transport: listen.proto, endpoint, kind, ...(failure && { failure }) }
    }),
    ...skipped.map((skip) => ({ type: 'skipped', block, ...skip })),
    ...(warning === undefined ? [] : [{ type: 'warning', block, message: warning }]),
  ])
}

// --- for a person ---

function linesOf(
  blocks: readonly PlannedBlock[],
  config: Bindings,
  why: Failure | undefined,
  nameOfBlock: NameOfBlock,
  sheet: Sheet,
): string[] {
  let number = 0
  const lines = blocks.flatMap((planned) => {
    const first = number + 1
    number += planned.sockets.length
    return blockLines(planned, `${nameOfBlock(planned.block)}: ${placeOf(planned.listen, config)}`, first, sheet)
  })
  return [...lines, ...sentenceLines(why ? [reasonOf(why), 'red'] : [summaryOf(blocks, config)], sheet)]
}

function blockLines(planned: PlannedBlock, title: string, first: number, sheet: Sheet): string[] {
  const { listen, sockets, skipped, warning, failure } = planned
  return [
    ...sentenceLines([title, 'bold'], sheet),
    ...sockets.flatMap((socket, i) => {
      const place = `${listen.proto} ${formatEndpoint(socket).replace(/:0$/, ', any port')}`
      return rowLines(String(first + i), place, remarkOn(socket, planned), sheet)
    }),
    ...(failure ? belowRow(`failed: ${reasonOf(failure)}`, NUMBER, sheet, 'red') : []),
    ...skipped.flatMap(({ endpoint, failure }) => {
      const place = endpoint ? printable(formatEndpoint(endpoint)) : 'an address'
      return rowLines('-', place, [`skipped: ${reasonOf(failure)}`, 'yellow'], sheet)
    }),
    ...(warning === undefined ? [] : belowRow(`warning: ${warning}`, NUMBER, sheet, 'yellow')),
  ]
}

/** Columns of the numbers. */
const NUMBER = 3

/** A remark that does not fit beside its place stands below it. */
function rowLines(number: string, place: string, [remark, style]: Remark, sheet: Sheet): string[] {
  const row = number.padStart(NUMBER) + GAP + place
  if (row.length + GAP.length + remark.length > sheet.width) return [row, ...belowRow(remark, NUMBER, sheet, style)]
  return [remark === '' ? row : row + GAP + sheet.paint(style, remark)]
}

type Remark = readonly [text: string, style: Style]

function remarkOn({ kind, family, failure }: PlannedSocket, { sockets }: PlannedBlock): Remark {
  if (failure) return [`cannot be bound: ${reasonOf(failure)}`, 'red']
  // Of two implied wildcards one may be missing (R2).
  return [kind === 'wildcard' && sockets.length > 1 ? `if this machine has ${family}` : '', 'dim']
}

/** `udp port 1194 on vpn.example, ipv4 and ipv6`: what is configured. */
function placeOf(listen: Listen, { multihome }: Bindings): string {
  const { proto, port, host, family } = listen
  const socket = port === 0 ? `${proto}, any port,` : `${proto} port ${port}`
  if (host !== undefined && nameOf(listen) === undefined && (family || host !== '::')) return `${socket} on ${host}`
  const everywhere = multihome && proto === 'udp' ? 'each address of this host' : 'every address'
  return `${socket} on ${nameOf(listen) ?? everywhere}, ${family ?? 'ipv4 and ipv6'}`
}

function summaryOf(blocks: readonly PlannedBlock[], { bindPolicy }: Bindings): string {
  const count = bindableIn(blocks)
  const from = blocks.length === 1 ? '' : ` in ${blocks.length} blocks`
  // An address of this host that nobody has named may come and go.
  const isStrict = bindPolicy === 'all' && blocks.some(({ sockets }) => sockets.some(({ kind }) => kind !== 'own'))
  const together = isStrict ? 'all or none' : 'as many as can be bound'
  return `${sockets(count)}${from}${count === 1 ? '' : `, ${together}`}`
}

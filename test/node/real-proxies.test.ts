/** Proxies of Debian, as they come: TCP through each, UDP through the one that has it, chains, and their deaths. */
import { randomBytes } from 'node:crypto'
import dns from 'node:dns'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RemoteInput } from '../../src/config/schema.ts'
import { Vault } from '../../src/config/vault.ts'
import type { Failure } from '../../src/failure.ts'
import type { LedgerEntry } from '../../src/ledger.ts'
import { ConnectError } from '../../src/node/connect-error.ts'
import { connect } from '../../src/node/connect.ts'
import type { ClientConnection, TcpConnection, UdpConnection } from '../../src/node/connection.ts'
import { createClient } from '../../src/node/create-client.ts'
import type { Place } from './peer-pairs.ts'
import { type Dante, KNOWN_TO_DANTE, noDanteBecause, noDanteUsersBecause, startDante } from './proxies/dante.ts'
import { type Microsocks, noMicrosocksBecause, startMicrosocks } from './proxies/microsocks.ts'
import { FORBIDDEN_BY_SQUID, KNOWN_TO_SQUID, type Squid, noSquidBecause, startSquid } from './proxies/squid.ts'
import { tap } from './proxies/tap.ts'
import { GREETING, type Target, startTarget } from './proxies/target.ts'
import { names } from './served.ts'
import { type Tinyproxy, noTinyproxyBecause, startTinyproxy } from './proxies/tinyproxy.ts'

type HopInput = NonNullable<RemoteInput['hops']>[number]
type Settings = Readonly<Record<string, string>>

const USER = 'sockchart'
const PASSWORD = 'correcthorse'
const LOGIN = [USER, PASSWORD] as const

const vault = new Vault()
const keep = (user: string, password: string) => vault.add(Buffer.from(`${user}\n${password}\n`))
const RIGHT = { login: keep(...LOGIN) }
const WRONG = { login: keep(USER, 'wronghorse') }

const http = (place: Place, settings: Settings = {}): HopInput => ({ kind: 'http-proxy', ...place, settings })
const socks = (place: Place, settings: Settings = {}): HopInput => ({ kind: 'socks-proxy', ...place, settings })

let target: Target
beforeAll(async () => void (target = await startTarget()))
afterAll(() => target[Symbol.asyncDispose]())
afterEach(() => void vi.restoreAllMocks())

const over = (hops: HopInput[], host = '127.0.0.1', port = target.port) => ({ host, port, proto: 'tcp' as const, hops })
const reach = (hops: HopInput[], host?: string, port?: number) =>
  connect({ remotes: [over(hops, host, port)] }, { vault })

/** The ledger of a connection that did not come about. */
async function refusalOf(connecting: Promise<unknown>): Promise<readonly LedgerEntry[]> {
  const error = await connecting.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(ConnectError)
  return (error as ConnectError).ledger
}
const refusedWith = (code: string, hop = 1) => [
  expect.objectContaining({
    attempt: 1,
    outcome: 'failed',
    failure: expect.objectContaining({ code, stage: 'negotiate', hop }),
  }),
]

/** What comes back is what the target says, then what was sent, to the byte. */
async function carries({ socket }: TcpConnection): Promise<void> {
  const sent = randomBytes(100_000)
  const wanted = Buffer.concat([Buffer.from(GREETING), sent])
  socket.write(sent)
  const came: Buffer[] = []
  let length = 0
  for await (const bytes of socket as AsyncIterable<Buffer>) {
    came.push(bytes)
    length += bytes.length
    // Not every proxy knows what a half-closed stream is.
    if (length >= wanted.length) break
  }
  expect(Buffer.concat(came).equals(wanted)).toBe(true)
}

/** Where it went, and that nobody but the proxy was asked for a name. */
async function carriesTo(hops: HopInput[], host: string): Promise<void> {
  const lookup = vi.spyOn(dns, 'lookup')
  const connection = await reach(hops, host)
  expect(lookup.mock.calls.map(([name]) => name)).not.toContain(host)
  const [entry] = connection.ledger
  expect(entry).toMatchObject({ attempt: 1, outcome: 'won', candidate: { address: '127.0.0.1', port: hops[0]?.port } })
  expect(entry?.hops.map(({ kind, port }) => [kind, port])).toEqual([
    ...hops.map(({ kind, port }) => [kind, port]),
    ['target', target.port],
  ])
  expect(entry?.stages.negotiated).toBeTypeOf('number')
  await carries(connection)
}

function proxied(name: string, because: string | undefined, tests: () => void): void {
  if (because !== undefined) console.warn(`SKIPPED, all tests with ${name}: ${because}`)
  describe.skipIf(because !== undefined)(`${name}${because === undefined ? '' : ` (skipped: ${because})`}`, tests)
}

/** Said once, and not tried again. */
async function refusesLogin(hop: HopInput): Promise<void> {
  await using counted = await tap(hop)
  expect(await refusalOf(reach([{ ...hop, ...counted.place }]))).toEqual(refusedWith('HOP_AUTH'))
  expect(counted.streams()).toBeLessThanOrEqual(2)
}

/** Where nobody listens any more. */
const DEAD_PORT = 9

proxied('squid', noSquidBecause(), () => {
  let squid: Squid
  beforeAll(async () => void (squid = await startSquid(...LOGIN)))
  afterAll(() => squid?.[Symbol.asyncDispose]())

  it.each(['127.0.0.1', '::1', KNOWN_TO_SQUID])('R9 carries us to %s', (host) => carriesTo([http(squid.open)], host))

  it.each([{}, { auth: 'basic' }, { auth: 'digest' }, { auth: 'ntlm' }, { auth: 'auto-nct' }, { auth: 'auto' }])(
    'R9 carries us with a login, %j',
    (settings) => carriesTo([http(squid.locked, { ...settings, ...RIGHT })], KNOWN_TO_SQUID),
  )

  it.each([{}, WRONG, { auth: 'basic', ...WRONG }, { auth: 'digest', ...WRONG }, { auth: 'auto-nct', ...WRONG }])(
    'R9 wants the right login, and gets no second one: %j',
    (settings) => refusesLogin(http(squid.locked, settings)),
  )

  it('R9 NTLM: carries nobody whose name it does not know', async () => {
    const login = keep('intruder', PASSWORD)
    const refusal = await refusalOf(reach([http(squid.locked, { auth: 'ntlm', login })]))
    expect(refusal).toEqual(refusedWith('HOP_REFUSED'))
  })

  it('R9 what comes together with the reply is the target’s, to the byte', async () => {
    await using together = await tap(squid.open, GREETING)
    await carries(await reach([http(together.place)]))
  })

  it('R9 a login that nobody asks for is kept back', () => carriesTo([http(squid.open, RIGHT)], '127.0.0.1'))

  it('R9 carries nobody to where nobody is, nor to where it must not', async () => {
    expect(await refusalOf(reach([http(squid.open)], '127.0.0.1', DEAD_PORT))).toEqual(refusedWith('HOP_REFUSED'))
    const [entry] = await refusalOf(reach([http(squid.open)], FORBIDDEN_BY_SQUID))
    expect(entry?.failure).toMatchObject({
      code: 'HOP_REFUSED',
      hop: 1,
      message: expect.stringContaining('403') as string,
    })
  })
})

proxied('tinyproxy', noTinyproxyBecause(), () => {
  let open: Tinyproxy
  let locked: Tinyproxy
  beforeAll(async () => void ([open, locked] = [await startTinyproxy(), await startTinyproxy(LOGIN)]))
  afterAll(async () => {
    await open?.[Symbol.asyncDispose]()
    await locked?.[Symbol.asyncDispose]()
  })

  it.each(['127.0.0.1', '::1', 'localhost'])('R9 carries us to %s', (host) => carriesTo([http(open.place)], host))

  it.each([{}, { auth: 'basic' }, { version: '1.0' }])(
    'R9 carries us with a login, %j, though it closes after each refusal',
    (settings) => carriesTo([http(locked.place, { ...settings, ...RIGHT })], '127.0.0.1'),
  )

  it.each([{}, WRONG])('R9 wants the right login, and gets no second one: %j', (settings) =>
    refusesLogin(http(locked.place, settings)),
  )

  // To whatever is not Basic it answers as to a wrong login.
  it('R9 takes no NTLM for a login', () => refusesLogin(http(locked.place, { auth: 'ntlm', ...RIGHT })))

  it.each(['digest', 'auto-nct'])('R9 gets no Basic from who wants %s', async (auth) => {
    const refusal = await refusalOf(reach([http(locked.place, { auth, ...RIGHT })]))
    expect(refusal).toEqual(refusedWith('HOP_DOWNGRADE'))
  })

  it('R9 carries nobody to where nobody is', async () => {
    expect(await refusalOf(reach([http(open.place)], '127.0.0.1', DEAD_PORT))).toEqual(refusedWith('HOP_REFUSED'))
  })
})

proxied('microsocks', noMicrosocksBecause(), () => {
  let open: Microsocks
  let locked: Microsocks
  beforeAll(async () => void ([open, locked] = [await startMicrosocks(), await startMicrosocks(LOGIN)]))
  afterAll(async () => {
    await open?.[Symbol.asyncDispose]()
    await locked?.[Symbol.asyncDispose]()
  })

  it.each(['127.0.0.1', '::1', 'localhost'])('R9 carries us to %s', (host) => carriesTo([socks(open.place)], host))

  it('R9 carries us with a login', () => carriesTo([socks(locked.place, RIGHT)], 'localhost'))

  it.each([{}, WRONG])('R9 wants the right login, and gets no second one: %j', (settings) =>
    refusesLogin(socks(locked.place, settings)),
  )

  it('R9 a login is not left out for a proxy that wants none', async () => {
    expect(await refusalOf(reach([socks(open.place, RIGHT)]))).toEqual(refusedWith('HOP_DOWNGRADE'))
  })

  it('R9 carries nobody to where nobody is', async () => {
    expect(await refusalOf(reach([socks(open.place)], '127.0.0.1', DEAD_PORT))).toEqual(refusedWith('HOP_REFUSED'))
  })

  it('R9 makes no relay of datagrams', async () => {
    const remotes = [{ host: '127.0.0.1', port: target.port, proto: 'udp' as const, hops: [socks(open.place)] }]
    expect(await refusalOf(connect({ remotes }, { vault }))).toEqual(refusedWith('HOP_REFUSED'))
  })
})

const channelOver = (hop: HopInput, host: string): Promise<UdpConnection> =>
  connect({ remotes: [{ host, port: target.port, proto: 'udp', hops: [hop] }] }, { vault })

/** Whatever fits into one datagram, to the byte; the target answers each twice. */
async function carriesDatagrams({ channel }: UdpConnection): Promise<void> {
  const messages = channel.messages[Symbol.asyncIterator]()
  for (const length of [1, 0, 1_200, 9_000]) {
    const sent = randomBytes(length)
    await channel.send(sent)
    for (let n = 0; n < 2; n++) expect(Buffer.from((await messages.next()).value as Uint8Array)).toEqual(sent)
    expect(target.datagrams.at(-1)).toEqual(sent)
  }
  expect(channel.dropped).toBe(0)
}

proxied('dante', noDanteBecause(), () => {
  let dante: Dante
  beforeAll(async () => void (dante = await startDante()))
  afterAll(() => dante?.[Symbol.asyncDispose]())

  it.each(['127.0.0.1', '::1', 'localhost'])('R9 carries us to %s', (host) => carriesTo([socks(dante.place)], host))

  // It takes the address that stands for a name in SOCKS4a (0.0.0.1) for one to connect to.
  it('R9 SOCKS4 carries us to an address', () => carriesTo([socks(dante.place, { version: '4' })], '127.0.0.1'))

  it.each([{}, { version: '4' }])('R9 carries nobody to where nobody is, %j', async (settings) => {
    const refusal = await refusalOf(reach([socks(dante.place, settings)], '127.0.0.1', DEAD_PORT))
    expect(refusal).toEqual(refusedWith('HOP_REFUSED'))
  })

  it('R9 a login is not left out for a proxy that wants none', async () => {
    expect(await refusalOf(reach([socks(dante.place, RIGHT)]))).toEqual(refusedWith('HOP_DOWNGRADE'))
  })

  it.each(['127.0.0.1', '::1', 'localhost'])('R9 udp: carries datagrams to %s and back', async (host) => {
    await using connection = await channelOver(socks(dante.place), host)
    expect(connection).toMatchObject({ candidate: { transport: 'udp' }, socket: undefined })
    await carriesDatagrams(connection)
  })

  it('R9 udp: the relay ends with its stream, and the stream with the channel', async () => {
    await using counted = await tap(dante.place)
    const { channel } = await channelOver(socks(counted.place), '127.0.0.1')
    channel.close()
    await counted.firstEnded
    expect(counted.streams()).toBe(1)
    await expect(channel.send(Buffer.from('late'))).rejects.toMatchObject({ code: 'LOCAL_CLOSE' })

    await using mortal = await startDante()
    const { channel: orphan } = await channelOver(socks(mortal.place), '127.0.0.1')
    mortal.signal('SIGKILL')
    await expect(orphan.messages[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: expect.stringMatching(/^(ECONNRESET|CLOSED_BY_PEER)$/) as string,
    })
  })
})

proxied('dante with users', noDanteBecause() ?? noDanteUsersBecause(), () => {
  let dante: Dante
  beforeAll(async () => void (dante = await startDante(LOGIN)))
  afterAll(() => dante?.[Symbol.asyncDispose]())

  it('R9 carries us with a login', () => carriesTo([socks(dante.place, RIGHT)], KNOWN_TO_DANTE))

  it('R9 udp: carries datagrams with a login', async () => {
    await using connection = await channelOver(socks(dante.place, RIGHT), KNOWN_TO_DANTE)
    await carriesDatagrams(connection)
  })

  it.each([{}, WRONG])('R9 wants the right login, and gets no second one: %j', (settings) =>
    refusesLogin(socks(dante.place, settings)),
  )
})

proxied(
  'several proxies',
  noSquidBecause() ?? noTinyproxyBecause() ?? noDanteBecause() ?? noMicrosocksBecause(),
  () => {
    let squid: Squid
    let tinyproxy: Tinyproxy
    let dante: Dante
    let microsocks: Microsocks
    beforeAll(async () => {
      squid = await startSquid(...LOGIN)
      tinyproxy = await startTinyproxy()
      dante = await startDante()
      microsocks = await startMicrosocks(LOGIN)
    })
    afterAll(async () => {
      for (const proxy of [squid, tinyproxy, dante, microsocks]) await proxy?.[Symbol.asyncDispose]()
    })

    it('R9 a chain: HTTP, then SOCKS', () => carriesTo([http(squid.locked, RIGHT), socks(dante.place)], '::1'))
    it('R9 a chain: SOCKS, then HTTP', () =>
      carriesTo([socks(microsocks.place, RIGHT), http(squid.locked, { auth: 'digest', ...RIGHT })], KNOWN_TO_SQUID))
    it('R9 a chain of one kind, and through all of them', async () => {
      await carriesTo([socks(dante.place), socks(microsocks.place, RIGHT)], 'localhost')
      const way = [http(tinyproxy.place), socks(microsocks.place, RIGHT), http(squid.locked, RIGHT), socks(dante.place)]
      await carriesTo(way, 'localhost')
    })

    it('R9 a chain: says which hop it was, and where', async () => {
      const second = await refusalOf(reach([http(tinyproxy.place), socks(microsocks.place, WRONG)]))
      expect(second).toEqual(refusedWith('HOP_AUTH', 2))
      const first = await refusalOf(reach([socks(microsocks.place), http(squid.open)]))
      expect(first).toEqual(refusedWith('HOP_AUTH', 1))
      const unreached = await refusalOf(reach([http(squid.open), socks({ host: '127.0.0.1', port: DEAD_PORT })]))
      expect(unreached).toEqual(refusedWith('HOP_REFUSED', 1))
    })

    it('R3 R9 a proxy that refuses us is one failed candidate: the next one is tried, with its own login', async () => {
      const remotes = [over([http(squid.locked, WRONG)]), over([socks(microsocks.place, RIGHT)])]
      const connection = await connect({ remotes }, { vault })
      expect(connection.ledger.map(({ outcome, failure }) => failure?.code ?? outcome)).toEqual(['HOP_AUTH', 'won'])
      await carries(connection)
    })

    it('R3 R9 the addresses of the first hop are the candidates', async () => {
      const { port } = microsocks.place
      const actors = names({ 'proxy.test': ['::1', '127.0.0.1'] })
      const remotes = [over([socks({ host: 'proxy.test', port }, RIGHT)], 'localhost')]
      const connection = await connect({ remotes }, { vault, actors })
      expect(
        connection.ledger.map(({ candidate, failure }) => [candidate?.address, failure?.code, failure?.hop]),
      ).toEqual([
        ['::1', 'ECONNREFUSED', 1],
        ['127.0.0.1', undefined, undefined],
      ])
      await carries(connection)
      const forced = remotes.map((remote) => ({ ...remote, family: 'ipv4' as const }))
      const { ledger, socket } = await connect({ remotes: forced }, { vault, actors })
      expect(ledger.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
        [null, 'skipped'],
        [1, 'won'],
      ])
      socket.destroy()
    })

    it('R1 R9 a proxy at ::1 carries us to 127.0.0.1', async () => {
      await using proxy = await startMicrosocks(undefined, '::1')
      const connection = await reach([socks(proxy.place)])
      expect(connection.candidate).toMatchObject({ family: 'ipv6', address: '::1' })
      await carries(connection)
    })

    it('R9 one deadline: a proxy that has stopped is left when it passes', async () => {
      await using stopped = await startDante()
      stopped.signal('SIGSTOP')
      const remotes = [{ ...over([socks(stopped.place)]), connectTimeout: 300 }]
      expect(await refusalOf(connect({ remotes }, { vault }))).toEqual(refusedWith('TIMEOUT'))
    })

    const BROKEN = /^(ECONNRESET|CLOSED_BY_PEER)$/
    type Started = readonly [name: string, start: () => Promise<{ hop: HopInput; program: Dante | Squid }>]
    const MORTALS: readonly Started[] = [
      ['squid', async () => withHop(await startSquid(...LOGIN), ({ open }) => http(open))],
      ['dante', async () => withHop(await startDante(), ({ place }) => socks(place))],
    ]
    const withHop = <Proxy extends Dante | Squid>(program: Proxy, hopOf: (proxy: Proxy) => HopInput) => {
      return { program, hop: hopOf(program) }
    }

    it.each(MORTALS)('R9 %s is killed during the negotiation: the next candidate is tried', async (_, start) => {
      const { program, hop } = await start()
      await using _program = program
      program.signal('SIGSTOP')
      await using client = createClient({ remotes: [over([hop]), over([http(squid.open)])] }, { vault })
      client.on('note', (note) => {
        if (note.type === 'attempt.connected' && note.attempt === 1) program.signal('SIGKILL')
      })
      const [connection] = (await once(client, 'connected')) as [ClientConnection]
      expect(connection.attempt).toBe(2)
      const [first] = connection.ledger
      expect(first?.failure).toMatchObject({
        stage: 'negotiate',
        hop: 1,
        code: expect.stringMatching(BROKEN) as string,
      })
    })

    it.each(MORTALS)('R9 %s is killed after it: that is a loss, and another proxy is found', async (_, start) => {
      const { program, hop } = await start()
      await using _program = program
      await using client = createClient({ remotes: [over([hop]), over([socks(microsocks.place, RIGHT)])] }, { vault })
      const [held] = (await once(client, 'connected')) as [ClientConnection]
      expect(held.attempt).toBe(1)
      if (held.transport === 'tcp') held.socket.resume()
      const losing = once(client, 'lost') as Promise<[Failure]>
      const coming = once(client, 'connected') as Promise<[ClientConnection & TcpConnection]>
      program.signal('SIGKILL')
      expect((await losing)[0].code).toMatch(BROKEN)
      const [next] = await coming
      expect(next.remote.index).toBe(1)
      await carries(next)
    })
  },
)

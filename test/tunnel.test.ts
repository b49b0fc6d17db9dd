/** A tunnel between a dialer and a wire that the test plays, with hops that the test scripts. */
import { describe, expect, test } from 'vitest'
import type { Candidate } from '../src/candidate.ts'
import type { HopConfig } from '../src/config/schema.ts'
import { type Failure, failure } from '../src/failure.ts'
import type { Carrier } from '../src/path.ts'
import { MAX_REPLY_BYTES, type Negotiator, type Progress, type Relay } from '../src/plugins/negotiator.ts'
import { type Stop, tunnel } from '../src/tunnel.ts'
import { readUtf8, utf8 } from '../src/utf8.ts'
import type { WireEvent, WireRequest, WireSocket } from '../src/wire.ts'

const HOPS: readonly HopConfig[] = [
  { kind: 'ferry', host: 'near.test', port: 8080, settings: {} },
  { kind: 'ferry', host: 'far.test', port: 8081, settings: {} },
]
const DOOR = { family: 'ipv4', address: '192.0.2.1', port: 8080 } as const
const LOCAL = { family: 'ipv4', address: '198.51.100.254', port: 49152 } as const

const text = (bytes: Uint8Array) => readUtf8(bytes) ?? bytes.join()

/** Says `GO host:port` and is carried by `OK `, whatever follows is early; `NO`, `AGAIN` and `RELAY` mean what they say. */
function ferry({ target }: Stop, relay: Relay): Negotiator {
  let heard = ''
  const answers: Readonly<Record<string, () => Progress>> = {
    NO: () => ({ state: 'failed', code: 'HOP_REFUSED', message: 'no' }),
    AGAIN: () => ({ state: 'reopen' }),
    RELAY: () => ({ state: 'done', relay }),
    'HUSH!': () => ({ state: 'done', send: utf8('hush') }),
  }
  return {
    begin: () => {
      heard = ''
      return { state: 'waiting', send: utf8(`GO ${target.host}:${target.port}`) }
    },
    receive: (bytes) => {
      heard += text(bytes)
      const answer = answers[heard]
      if (answer) return answer()
      if (!heard.startsWith('OK ')) return { state: 'waiting' }
      return { state: 'done', ...(heard.length > 3 && { early: utf8(heard.slice(3)) }) }
    },
  }
}

interface Options {
  readonly hops?: number
  /** Instead of so many ordinary ones. */
  readonly way?: readonly HopConfig[]
  readonly transport?: 'tcp' | 'udp'
  readonly request?: Partial<WireRequest>
  readonly negotiatorFor?: (stop: Stop) => Negotiator | Failure
  readonly relay?: Partial<Relay>
  readonly heard?: (event: WireEvent) => unknown
  /** Runs when such an event is told. */
  readonly on?: Partial<Record<WireEvent['type'], () => void>>
}

function bench({
  hops = 1,
  way = HOPS.slice(0, hops),
  transport = 'tcp',
  request = {},
  negotiatorFor,
  relay = {},
  heard,
  on = {},
}: Options = {}) {
  const log: string[] = []
  const sockets: { readonly name: string; readonly request: WireRequest; readonly tell: (event: WireEvent) => void }[] =
    []
  const open = (asked: WireRequest, tell: (event: WireEvent) => void): WireSocket => {
    const name = `${asked.transport}${sockets.length + 1}`
    const say = (what: string) => void log.push(`${name} ${what}`)
    sockets.push({ name, request: asked, tell })
    say(
      `open ${asked.remote.address}:${asked.remote.port}${asked.local ? ` from ${asked.local.address ?? '*'}:${asked.local.port}` : ''}`,
    )
    return {
      handle: name,
      send: (bytes, refused) => {
        say(`send ${text(bytes)}`)
        if (text(bytes).includes('huge')) refused?.(failure('EMSGSIZE', 'connected'))
      },
      accept: (release, early) => say(`accept ${release} [${early.map(text).join('|')}]`),
      close: (how) => say(how?.abruptly ? 'reset' : 'close'),
    }
  }
  const carriers: Carrier[] = []
  const feedFor = (carrier: Carrier) => {
    carriers.push(carrier)
    return {
      handle: 'channel',
      deliver: (bytes: Uint8Array) => void log.push(`channel gets ${text(bytes)}`),
      drop: () => void log.push('channel drops'),
      end: (cause?: Failure) => void log.push(`channel ends${cause ? ` ${cause.code}` : ''}`),
    }
  }
  const there: Relay = {
    address: '0.0.0.0',
    port: 9999,
    wrap: (bytes) => utf8(`<${text(bytes)}>`),
    unwrap: (bytes) => (text(bytes).startsWith('<') ? utf8(text(bytes).slice(1, -1)) : undefined),
    ...relay,
  }
  const candidate: Candidate = {
    ...DOOR,
    remote: 0,
    transport,
    hops: [...way, { kind: 'target', host: 'vpn.test', port: 443 }],
  }
  const wire = tunnel(
    { open },
    { negotiatorFor: negotiatorFor ?? ((stop) => ferry(stop, there)), feedFor },
    way,
    candidate,
  )
  const socket = wire.open(
    { attempt: 7, transport, family: 'ipv4', remote: DOOR, reads: false, ...request },
    (event) => {
      log.push(`told ${toldOf(event)}`)
      heard?.(event)
      on[event.type]?.()
    },
  )
  const at = (n = sockets.length - 1) => sockets[n]!
  return {
    log,
    socket,
    carrier: () => carriers[0]!,
    request: (n?: number) => at(n).request,
    tell: (event: WireEvent, n?: number) => at(n).tell(event),
    hears: (words: string, n?: number) => at(n).tell({ type: 'received', bytes: utf8(words) }),
    fails: (code: string, n?: number) => at(n).tell({ type: 'failed', failure: failure(code, 'connect') }),
    connect: (n?: number) => {
      at(n).tell({ type: 'opened', local: LOCAL })
      at(n).tell({ type: 'connected', local: LOCAL })
    },
    /** What happened since the last time. */
    news: () => log.splice(0),
  }
}

function toldOf(event: WireEvent): string {
  if (event.type === 'received') return `received ${text(event.bytes)}`
  if (event.type === 'negotiated') return `negotiated ${event.hop}`
  if (event.type !== 'failed') return event.type
  const { code, stage, hop } = event.failure
  return `failed ${code} ${stage}${hop === undefined ? '' : ` of ${hop}`}`
}

describe('R9 a way over hops', () => {
  test('the first hop is dialled over TCP, and the socket is read from', () => {
    const b = bench({ request: { local: { address: '198.51.100.254', port: 7 } } })
    expect(b.request()).toEqual({
      attempt: 7,
      transport: 'tcp',
      family: 'ipv4',
      remote: DOOR,
      local: { address: '198.51.100.254', port: 7 },
      reads: true,
      exchange: undefined,
    })
    expect(b.socket.handle).toBe('tcp1')
  })

  test('each hop is asked for the next one, the last for the remote, over one stream', () => {
    const b = bench({ hops: 2 })
    b.connect()
    expect(b.news().slice(1)).toEqual(['told opened', 'told connected', 'tcp1 send GO far.test:8081'])
    b.hears('OK ')
    expect(b.news()).toEqual(['told negotiated 1', 'tcp1 send GO vpn.test:443'])
    b.hears('OK ')
    expect(b.news()).toEqual(['told negotiated 2'])
    b.socket.accept(true, [])
    expect(b.news()).toEqual(['tcp1 accept true []'])
  })

  test('only the last hop of a way for datagrams is asked for a relay', () => {
    const stops: Stop[] = []
    const b = bench({
      hops: 2,
      transport: 'udp',
      negotiatorFor: (stop) => {
        stops.push(stop)
        return ferry(stop, { address: '', port: 0, wrap: (bytes) => bytes, unwrap: (bytes) => bytes })
      },
    })
    b.connect()
    b.hears('OK ')
    expect(stops).toEqual([
      { hop: HOPS[0], target: { host: 'far.test', port: 8081 }, transport: 'tcp', mayQuote: true },
      { hop: HOPS[1], target: { host: 'vpn.test', port: 443 }, transport: 'udp', mayQuote: true },
    ])
  })

  test('S9 where any hop of a way is told a secret, no hop may be quoted: it may have heard it, or carried it', () => {
    const stops: Stop[] = []
    const secrets = [{ login: 'key:1' }, { headers: ['key:1'] }, { version: '1.0', names: ['key'] }]
    for (const settings of secrets) {
      const b = bench({
        way: [{ kind: 'ferry', host: 'near.test', port: 8080, settings }, ...HOPS],
        negotiatorFor: (stop) => {
          stops.push(stop)
          return ferry(stop, { address: '', port: 0, wrap: (bytes) => bytes, unwrap: (bytes) => bytes })
        },
      })
      b.connect()
      b.hears('OK ')
      b.hears('OK ')
    }
    const told = [false, false, false]
    expect(stops.map(({ mayQuote }) => mayQuote)).toEqual([...told, ...told, true, true, true])
  })

  test('what a hop says together with its leave goes to the next one', () => {
    const b = bench({ hops: 2 })
    b.connect()
    b.hears('OK OK early')
    expect(b.news().slice(3)).toEqual([
      'tcp1 send GO far.test:8081',
      'told negotiated 1',
      'tcp1 send GO vpn.test:443',
      'told negotiated 2',
    ])
    b.socket.accept(false, [])
    expect(b.news()).toEqual(['tcp1 accept false [early]'])
  })

  test('C3 early data is the first that is read, and once, where nothing is confirmed', () => {
    const b = bench()
    b.connect()
    b.hears('O')
    b.hears('K one')
    b.hears('two')
    b.news()
    b.socket.accept(true, [])
    expect(b.news()).toEqual(['tcp1 accept true [one|two]'])
  })

  test('C3 early data is judged where something is confirmed, and what comes later too', () => {
    const b = bench({ request: { reads: true } })
    b.connect()
    b.hears('OK one')
    b.hears('two')
    expect(b.news().slice(4)).toEqual(['told negotiated 1', 'told received one', 'told received two'])
    b.socket.accept(true, [utf8('two')])
    expect(b.news()).toEqual(['tcp1 accept true [two]'])
  })

  test('a socket that is taken as soon as the last hop is passed has the early data', () => {
    const taken = { run: () => {} }
    const b = bench({ on: { negotiated: () => taken.run() } })
    taken.run = () => b.socket.accept(true, [])
    b.connect()
    b.hears('OK early')
    expect(b.news().slice(-2)).toEqual(['told negotiated 1', 'tcp1 accept true [early]'])
  })

  test.each([false, true])('C3 early data passes a hop that has nothing to wait for (reads: %s)', (reads) => {
    const heralded: Negotiator = {
      begin: () => ({ state: 'done', send: utf8('PROXY TCP4') }),
      receive: () => ({ state: 'waiting' }),
    }
    const relay = { address: '', port: 0, wrap: (bytes: Uint8Array) => bytes, unwrap: (bytes: Uint8Array) => bytes }
    const negotiatorFor = (stop: Stop) => (stop.hop.host === 'far.test' ? heralded : ferry(stop, relay))
    const b = bench({ hops: 2, request: { reads }, negotiatorFor })
    b.connect()
    b.hears('OK banner')
    const judged = reads ? ['told received banner'] : []
    expect(b.news().slice(4)).toEqual(['told negotiated 1', 'tcp1 send PROXY TCP4', 'told negotiated 2', ...judged])
    b.socket.accept(true, [])
    expect(b.news()).toEqual([`tcp1 accept true [${reads ? '' : 'banner'}]`])
  })

  test('S7 who does not take a socket gets no more than he could have read', () => {
    const b = bench()
    b.connect()
    b.hears('OK ')
    b.hears('x'.repeat(MAX_REPLY_BYTES))
    expect(b.news().at(-1)).toBe('told negotiated 1')
    b.hears('x')
    expect(b.news()).toEqual(['tcp1 close', 'told failed REPLY_TOO_LONG confirm'])
  })

  test('what is still to be sent when a hop carries us is sent before all else', () => {
    const b = bench({ hops: 2 })
    b.connect()
    b.hears('HUSH!')
    expect(b.news().slice(-3)).toEqual(['tcp1 send hush', 'told negotiated 1', 'tcp1 send GO vpn.test:443'])
  })

  test('what is sent goes through', () => {
    const b = bench()
    b.connect()
    b.hears('OK ')
    b.socket.send(utf8('hello'))
    expect(b.news().at(-1)).toBe('tcp1 send hello')
  })
})

describe('R9 hops that do not carry us', () => {
  test('a refusal says which hop, and closes the socket', () => {
    const b = bench({ hops: 2 })
    b.connect()
    b.hears('OK ')
    b.news()
    b.hears('NO')
    expect(b.news()).toEqual(['tcp1 close', 'told failed HOP_REFUSED negotiate of 2'])
    b.hears('OK ')
    b.fails('ECONNRESET')
    b.socket.close()
    expect(b.news()).toEqual([])
  })

  test('a connection that fails before it stands is the failure of the first hop', () => {
    const b = bench()
    b.tell({ type: 'opened' })
    b.fails('ECONNREFUSED')
    expect(b.news().at(-1)).toBe('told failed ECONNREFUSED connect of 1')
  })

  test('an end in the midst is the failure of the hop that was spoken to; behind the last one of none', () => {
    const b = bench()
    b.connect()
    b.fails('CLOSED_BY_PEER')
    expect(b.news().at(-1)).toBe('told failed CLOSED_BY_PEER connect of 1')
    const through = bench()
    through.connect()
    through.hears('OK ')
    through.fails('ECONNRESET')
    expect(through.news().at(-1)).toBe('told failed ECONNRESET connect')
  })

  test('a hop that cannot be asked fails, and nothing is sent to it', () => {
    const b = bench({ negotiatorFor: () => failure('BAD_HOP', 'negotiate') })
    b.connect()
    expect(b.news().slice(1)).toEqual([
      'told opened',
      'told connected',
      'tcp1 close',
      'told failed BAD_HOP negotiate of 1',
    ])
  })

  test('S7 a hop that says more than it may and never comes to an end is cut off', () => {
    const b = bench()
    b.connect()
    b.news()
    for (let i = 0; i < 4; i++) b.hears('x'.repeat(MAX_REPLY_BYTES / 4))
    expect(b.news()).toEqual([])
    b.hears('!')
    expect(b.news()).toEqual(['tcp1 close', 'told failed REPLY_TOO_LONG negotiate of 1'])
  })

  test("S7 what is counted is each hop's own", () => {
    const b = bench({ hops: 2 })
    b.connect()
    b.hears(`OK ${'x'.repeat(MAX_REPLY_BYTES - 3)}`)
    b.news()
    b.hears('x'.repeat(3))
    expect(b.news()).toEqual([])
  })
})

describe('R9 a plugin that does not keep to the contract', () => {
  const good: Negotiator = { begin: () => ({ state: 'waiting' }), receive: () => ({ state: 'done' }) }
  const bug = (): never => {
    throw new Error('the password is S3cr3t')
  }
  const relay = { address: '0.0.0.0', port: 9, wrap: bug, unwrap: bug }
  const answering = (value: unknown): Negotiator => ({ ...good, receive: () => value as Progress })

  test.each<[string, () => Negotiator, string]>([
    ['makes no negotiator', bug, 'has thrown an error'],
    ['throws when it begins', () => ({ ...good, begin: bug }), 'has thrown an error'],
    ['throws when it receives', () => ({ ...good, receive: bug }), 'has thrown an error'],
    ['returns nothing', () => answering(undefined), 'has returned no progress'],
    ['returns a promise', () => answering(Promise.resolve({ state: 'done' })), 'has returned no progress'],
    ['returns a state that there is not', () => answering({ state: 'dnoe' }), 'has returned no progress'],
    ['fails without a code', () => answering({ state: 'failed', message: 'no' }), 'has returned no progress'],
    ['fails without a message', () => answering({ state: 'failed', code: 'NO' }), 'has returned no progress'],
    ['sends what are no bytes', () => answering({ state: 'waiting', send: 'text' }), 'has returned no progress'],
    ['hands on what are no bytes', () => answering({ state: 'done', early: [1] }), 'has returned no progress'],
    [
      'fails with a code of the system',
      () => answering({ state: 'failed', code: 'EMFILE', message: 'no' }),
      'has failed with EMFILE',
    ],
    ['has a relay for a stream', () => answering({ state: 'done', relay }), 'has named a relay for a stream'],
    ['has a relay that is none', () => answering({ state: 'done', relay: 1 }), 'has returned no progress'],
    [
      'has a relay without an address',
      () => answering({ state: 'done', relay: { ...relay, address: 7 } }),
      'has returned no progress',
    ],
    [
      'has a relay that wraps nothing',
      () => answering({ state: 'done', relay: { ...relay, wrap: 7 } }),
      'has returned no progress',
    ],
  ])('%s: its hop has failed, and what it said is not told', (_, negotiatorFor, how) => {
    const failures: Failure[] = []
    const b = bench({ negotiatorFor, heard: (event) => event.type === 'failed' && failures.push(event.failure) })
    b.connect()
    b.hears('x')
    expect(failures).toEqual([
      { code: 'PLUGIN_FAILED', stage: 'negotiate', hop: 1, message: `the plugin "ferry" ${how}` },
    ])
    expect(b.news()).toContain('tcp1 close')
  })

  test('has no relay for datagrams: a stream is not handed over as a channel', () => {
    const b = bench({ transport: 'udp', negotiatorFor: () => good })
    b.connect()
    b.hears('x')
    expect(b.news().slice(-2)).toEqual(['tcp1 close', 'told failed PLUGIN_FAILED negotiate of 1'])
  })

  test('throws at a datagram, which anybody may have sent: it is dropped; throws at one of ours: the way is lost', () => {
    const b = bench({ transport: 'udp', relay: { wrap: bug, unwrap: bug } })
    b.connect()
    b.hears('RELAY')
    b.connect()
    b.socket.accept(false, [])
    b.news()
    b.hears('<hi>')
    expect(b.news()).toEqual(['channel drops'])
    b.carrier().send(utf8('hello'))
    expect(b.news()).toEqual([
      'tcp1 close',
      'udp2 close',
      'channel ends PLUGIN_FAILED',
      'told failed PLUGIN_FAILED connected',
    ])
  })
})

describe('R9 another connection to the hop', () => {
  test('is begun from the first hop on, and told, so that nobody takes the second hop for the one that is silent', () => {
    const b = bench({ hops: 2 })
    b.connect()
    b.hears('OK ')
    b.news()
    b.hears('AGAIN')
    expect(b.news()).toEqual(['tcp1 reset', 'tcp2 open 192.0.2.1:8080'])
    b.connect()
    expect(b.news()).toEqual(['told opened', 'told connected', 'tcp2 send GO far.test:8081'])
    b.hears('OK ')
    expect(b.news()).toEqual(['told negotiated 1', 'tcp2 send GO vpn.test:443'])
    b.hears('OK ')
    expect(b.news()).toEqual(['told negotiated 2'])
    expect(b.socket.handle).toBe('tcp2')
  })

  test('C3 is not given what was left unread of the one before', () => {
    let begun = 0
    const restless: Negotiator = {
      begin: () => (++begun === 1 ? { state: 'reopen' } : { state: 'done' }),
      receive: () => ({ state: 'waiting' }),
    }
    const relay = { address: '', port: 0, wrap: (bytes: Uint8Array) => bytes, unwrap: (bytes: Uint8Array) => bytes }
    const negotiatorFor = (stop: Stop) => (stop.hop.host === 'far.test' ? restless : ferry(stop, relay))
    const b = bench({ hops: 2, negotiatorFor })
    b.connect()
    b.hears('OK of the first connection')
    b.connect()
    b.hears('OK of the second')
    b.news()
    b.socket.accept(true, [])
    expect(b.news()).toEqual(['tcp2 accept true [of the second]'])
  })

  test('is made by the same negotiator, which knows what it has learnt', () => {
    const made: Stop[] = []
    const b = bench({
      negotiatorFor: (stop) => {
        made.push(stop)
        return ferry(stop, { address: '', port: 0, wrap: (bytes) => bytes, unwrap: (bytes) => bytes })
      },
    })
    b.connect()
    b.hears('AGAIN')
    b.connect()
    expect(made).toHaveLength(1)
  })

  test('what the one before still says is of no interest', () => {
    const b = bench()
    b.connect()
    b.hears('AGAIN')
    b.news()
    b.hears('OK ', 0)
    b.fails('ECONNRESET', 0)
    expect(b.news()).toEqual([])
  })

  test('L3 is not made for ever', () => {
    const b = bench()
    for (let i = 0; i < 8; i++) {
      b.connect()
      b.hears('AGAIN')
    }
    expect(b.news().slice(-2)).toEqual(['tcp8 close', 'told failed HOP_REFUSED negotiate of 1'])
  })
})

describe('R9 datagrams', () => {
  const relayed = (options: Options = {}) => {
    const b = bench({ transport: 'udp', ...options })
    b.connect()
    b.hears('RELAY')
    b.connect()
    return b
  }

  test('go through a socket to the relay, which counts as passed when that stands', () => {
    const b = bench({ transport: 'udp' })
    b.connect()
    b.news()
    b.hears('RELAY')
    expect(b.news()).toEqual(['udp2 open 192.0.2.1:9999'])
    b.connect()
    expect(b.news()).toEqual(['told negotiated 1'])
    expect(b.socket.handle).toBe('channel')
    expect(b.carrier()).toMatchObject({ local: LOCAL, remote: { address: '192.0.2.1', port: 9999 } })
  })

  test('are wrapped and unwrapped; what is not from the target is counted', () => {
    const b = relayed()
    b.news()
    b.socket.accept(false, [])
    b.carrier().send(utf8('hello'))
    b.hears('<hi>')
    b.hears('stranger')
    expect(b.news()).toEqual(['udp2 send <hello>', 'channel gets hi', 'channel drops'])
  })

  test('are judged until they are confirmed, and those that were early come first', () => {
    const b = relayed({ request: { reads: true } })
    b.news()
    b.socket.send(utf8('ask'))
    b.hears('<answer>')
    b.socket.accept(true, [utf8('answer')])
    b.hears('<more>')
    expect(b.news()).toEqual(['udp2 send <ask>', 'told received answer', 'channel gets answer', 'channel gets more'])
  })

  test('come from the relay, as far as anybody knows, where the wire does not say from where it sends', () => {
    const b = bench({ transport: 'udp' })
    b.connect()
    b.hears('RELAY')
    b.tell({ type: 'connected' })
    expect(b.carrier().local).toBe(b.carrier().remote)
  })

  test('one that is too large is refused alone', () => {
    const b = relayed()
    b.news()
    const refused: string[] = []
    expect(b.carrier().send(utf8('huge'), ({ code }) => void refused.push(code))).toBe(true)
    expect(b.carrier().send(utf8('huge'))).toBe(true)
    expect([refused, b.news()]).toEqual([['EMSGSIZE'], ['udp2 send <huge>', 'udp2 send <huge>']])
  })

  test('the port that is asked for is that of the datagrams, the address that of both sockets', () => {
    const b = relayed({ request: { local: { address: '198.51.100.254', port: 7 } } })
    expect([b.request(0).local, b.request(1).local]).toEqual([
      { address: '198.51.100.254', port: 0 },
      { address: '198.51.100.254', port: 7 },
    ])
  })

  test('R1 a relay of the other family is not sent to: it may be forbidden, and no local address fits', () => {
    const b = bench({ transport: 'udp', relay: { address: '2001:db8::9' } })
    b.connect()
    b.news()
    b.hears('RELAY')
    expect(b.news()).toEqual(['tcp1 close', 'told failed BAD_RELAY negotiate of 1'])
  })

  test('a relay that leads us back in is not sent to', () => {
    const b = bench({ transport: 'udp', relay: { address: '127.0.0.1' } })
    b.connect()
    b.news()
    b.hears('RELAY')
    expect(b.news()).toEqual(['tcp1 close', 'told failed BAD_RELAY negotiate of 1'])
  })

  test.each(['held', 'released'])('C1 the relay ends in the instant in which its connection does: %s', (how) => {
    const b = relayed()
    b.socket.accept(how === 'released', [])
    b.news()
    b.fails('CLOSED_BY_PEER', 0)
    expect(b.news()).toEqual([
      'tcp1 close',
      'udp2 close',
      'channel ends CLOSED_BY_PEER',
      ...(how === 'held' ? ['told failed CLOSED_BY_PEER connected'] : []),
    ])
    expect(b.carrier().send(utf8('late'))).toBe(false)
  })

  test('C1 the connection ends with the socket of its datagrams', () => {
    const b = relayed()
    b.socket.accept(false, [])
    b.news()
    b.fails('ECONNREFUSED', 1)
    expect(b.news()).toEqual([
      'tcp1 close',
      'udp2 close',
      'channel ends ECONNREFUSED',
      'told failed ECONNREFUSED connected',
    ])
  })

  test('C1 the program that closes its channel closes both', () => {
    const b = relayed()
    b.socket.accept(true, [])
    b.news()
    b.carrier().close()
    b.carrier().close()
    expect(b.news()).toEqual(['tcp1 close', 'udp2 close', 'channel ends LOCAL_CLOSE'])
  })

  test('what the hop says on the connection then is not listened to, before the relay stands and after', () => {
    const b = bench({ transport: 'udp' })
    b.connect()
    b.hears('RELAY')
    b.hears('x', 0)
    b.connect()
    b.hears('x', 0)
    b.tell({ type: 'moved', remote: DOOR }, 0)
    b.tell({ type: 'moved', remote: DOOR }, 1)
    expect(b.news().at(-1)).toBe('told negotiated 1')
  })

  test('a socket to the relay that cannot be made is the failure of the hop', () => {
    const b = bench({ transport: 'udp' })
    b.connect()
    b.hears('RELAY')
    b.fails('EMFILE', 1)
    b.fails('EMFILE', 1)
    expect(b.news().at(-1)).toBe('told failed EMFILE connect of 1')
  })
})

describe('C1 closing', () => {
  test('while it is dialled, once', () => {
    const b = bench()
    b.socket.close()
    b.socket.close()
    expect(b.news().slice(1)).toEqual(['tcp1 close'])
  })

  test.each(['connected', 'negotiated'] as const)('from inside "%s": nothing more is said or sent', (type) => {
    const closing = { run: () => {} }
    const b = bench({ hops: 2, on: { [type]: () => closing.run() } })
    closing.run = () => b.socket.close()
    b.connect()
    b.hears('OK early')
    expect(b.news().at(-1)).toBe('tcp1 close')
  })

  test('a stream that was released is not ours to close; a held one is', () => {
    const [released, held] = [bench(), bench()]
    for (const [b, release] of [
      [released, true],
      [held, false],
    ] as const) {
      b.connect()
      b.hears('OK ')
      b.socket.accept(release, [])
      b.news()
      b.socket.close()
    }
    expect([released.news(), held.news()]).toEqual([[], ['tcp1 close']])
  })

  test('a channel that was released is closed as the last resort', () => {
    const b = bench({ transport: 'udp' })
    b.connect()
    b.hears('RELAY')
    b.connect()
    b.socket.accept(true, [])
    b.news()
    b.socket.close()
    expect(b.news()).toEqual(['tcp1 close', 'udp2 close', 'channel ends'])
  })
})

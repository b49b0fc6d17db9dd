import { assign, createActor, setup } from 'xstate'
import { describe, expect, test } from 'vitest'
import type { DialerInput, DialerSays } from '../src/actors.ts'
import type { Candidate } from '../src/candidate.ts'
import type { Exchange, ExchangeFactory } from '../src/confirmation.ts'
import { dialerLogic } from '../src/dialer.ts'
import { failure } from '../src/failure.ts'
import type { HopMeans } from '../src/tunnel.ts'
import { handlesOf } from '../src/handles.ts'
import { HeapClock } from '../src/sim/clock.ts'
import type { WireEvent, WireRequest, WireSocket } from '../src/wire.ts'

const UDP: Candidate = { remote: 0, transport: 'udp', family: 'ipv4', address: '192.0.2.1', port: 1194, hops: [] }
const TCP: Candidate = { ...UDP, transport: 'tcp' }
const LOCAL = { family: 'ipv4', address: '198.51.100.254', port: 49152 } as const
const PING = Uint8Array.of(1)
const PONG = Uint8Array.of(2)

/** 0: not yet; 2: confirmed; anything else: nonsense. */
const exchange = (early: readonly Uint8Array[] = [PONG]): Exchange => ({
  request: PING,
  receive: ([byte]) => (byte === 2 ? 'confirmed' : byte === 0 ? 'waiting' : failure('BAD_REPLY', 'confirm')),
  takeEarly: () => early,
})

interface Options {
  readonly input?: Partial<DialerInput>
  readonly exchangeFor?: ExchangeFactory
  readonly hops?: HopMeans
}

/** A dialer over a wire that the test plays, below a parent that takes down what it says. */
function bench({ input = {}, exchangeFor = () => undefined, hops }: Options = {}) {
  const clock = new HeapClock()
  const sockets: (WireSocket & {
    readonly request: WireRequest
    readonly tell: (event: WireEvent) => void
    readonly log: string[]
  })[] = []
  const open = (request: WireRequest, tell: (event: WireEvent) => void) => {
    const log: string[] = []
    const socket = {
      handle: {},
      request,
      tell,
      log,
      send: (bytes: Uint8Array) => log.push(`${clock.now()} send ${bytes.join()}`),
      accept: (release: boolean, early: readonly Uint8Array[]) =>
        log.push(`${clock.now()} accept ${release} ${early.map((bytes) => bytes.join()).join()}`),
      close: () => log.push(`${clock.now()} close`),
    }
    sockets.push(socket)
    return socket
  }
  const parent = setup({
    types: { context: {} as { readonly said: readonly DialerSays[] }, events: {} as DialerSays | { type: 'stop' } },
    actors: { dialer: dialerLogic({ open }, exchangeFor, hops) },
    actions: { take: assign(({ context, event }) => ({ said: [...context.said, event as DialerSays] })) },
  }).createMachine({
    context: { said: [] },
    initial: 'dialing',
    states: {
      dialing: {
        invoke: {
          id: 'dialer',
          src: 'dialer',
          input: { attempt: 1, candidate: UDP, hops: [], confirmation: { kind: 'none' }, ...input },
        },
        on: { stop: 'stopped', '*': { actions: 'take' } },
      },
      stopped: {},
    },
  })
  const actor = createActor(parent, { clock })
  actor.start()
  return {
    clock,
    sockets,
    socket: (n = sockets.length - 1) => sockets[n]!,
    tell: (event: WireEvent) => sockets.at(-1)!.tell(event),
    receive: (...bytes: number[]) => sockets.at(-1)!.tell({ type: 'received', bytes: Uint8Array.from(bytes) }),
    fails: (code: string) => sockets.at(-1)!.tell({ type: 'failed', failure: failure(code, 'connect') }),
    accept: (release: boolean, attempt = 1) =>
      actor.getSnapshot().children.dialer?.send({ type: 'attempt.accepted', attempt, release }),
    stop: () => actor.send({ type: 'stop' }),
    /** Runs as soon as anything was said. */
    onFirst: (run: () => void) => {
      const subscription = actor.subscribe(({ context }) => {
        if (context.said.length === 0) return
        subscription.unsubscribe()
        run()
      })
    },
    said: () => actor.getSnapshot().context.said,
    types: () => actor.getSnapshot().context.said.map(({ type }) => type.slice('attempt.'.length)),
    handles: () => handlesOf(actor.system),
  }
}

const confirming = (candidate = UDP, early = [PONG]) => {
  const b = bench({ input: { candidate }, exchangeFor: () => exchange(early) })
  b.tell({ type: 'opened' })
  b.tell({ type: 'connected', local: LOCAL })
  return b
}

describe('opening', () => {
  test('the wire is asked for the candidate and the local side, and to read only if something is confirmed', () => {
    const local = { address: '198.51.100.254', port: 7 }
    const b = bench({ input: { local } })
    expect(b.socket().request).toEqual({
      attempt: 1,
      transport: 'udp',
      family: 'ipv4',
      remote: { family: 'ipv4', address: '192.0.2.1', port: 1194 },
      local,
      reads: false,
    })
    expect(confirming().socket().request.reads).toBe(true)
  })

  test('its progress is told, and the handle is in the registry while the socket is open', () => {
    const b = bench()
    b.tell({ type: 'opened', local: LOCAL })
    b.tell({ type: 'connected', local: LOCAL })
    expect(b.said()).toEqual([
      { type: 'attempt.opened', attempt: 1, local: LOCAL },
      { type: 'attempt.connected', attempt: 1, local: LOCAL },
    ])
    expect(b.handles().get(1)).toBe(b.socket())
    b.fails('ECONNRESET')
    expect(b.handles().size).toBe(0)
    expect(b.socket().log).toEqual(['0 close'])
  })

  test('stopping closes the socket, and what it says later is nobody’s business', () => {
    const b = bench()
    b.stop()
    expect(b.socket().log).toEqual(['0 close'])
    b.tell({ type: 'connected' })
    b.fails('ECONNREFUSED')
    expect(b.said()).toEqual([])
    expect([b.handles().size, b.clock.timers]).toEqual([0, 0])
  })
})

describe('failing', () => {
  test.each([
    ['open', (): WireEvent[] => []],
    ['connect', (): WireEvent[] => [{ type: 'opened' }]],
    ['confirm', (): WireEvent[] => [{ type: 'opened' }, { type: 'connected' }]],
  ] as const)('at stage %s', (stage, events) => {
    const b = bench({ exchangeFor: () => exchange() })
    for (const event of events()) b.tell(event)
    b.fails('ECONNREFUSED')
    expect(b.said().at(-1)).toEqual({ type: 'attempt.failed', attempt: 1, failure: failure('ECONNREFUSED', stage) })
    expect([b.handles().size, b.clock.timers]).toEqual([0, 0])
  })

  test('a socket that is connected to itself is refused', () => {
    const b = bench()
    b.tell({ type: 'opened' })
    b.tell({ type: 'connected', local: { family: 'ipv4', address: '192.0.2.1', port: 1194 } })
    expect(b.said().at(-1)).toEqual({ type: 'attempt.failed', attempt: 1, failure: failure('SELF_CONNECT', 'connect') })
    expect(b.socket().log).toEqual(['0 close'])
  })

  test.each([
    ['the same address, another port', { family: 'ipv4', address: '192.0.2.1', port: 1195 }],
    ['the same port, another address', { family: 'ipv4', address: '192.0.2.2', port: 1194 }],
  ] as const)('%s is no self-connect', (_, local) => {
    const b = bench()
    b.tell({ type: 'connected', local })
    expect(b.types()).toEqual(['connected'])
  })

  test('an exchange that cannot be made opens nothing, and says so later', () => {
    const b = bench({ exchangeFor: () => failure('BAD_KEY', 'confirm') })
    expect([b.sockets.length, b.said()]).toEqual([0, []])
    b.clock.runUntilIdle()
    expect(b.said()).toMatchObject([{ type: 'attempt.failed', failure: { code: 'BAD_KEY' } }])
  })

  test('an exchange that cannot be made, stopped first', () => {
    const b = bench({ exchangeFor: () => failure('BAD_KEY', 'confirm') })
    b.stop()
    expect(b.clock.timers).toBe(0)
  })
})

describe('a shortage of this machine', () => {
  test.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])(
    '%s: tried again after 100 200 400 800 1600 ms, then failed',
    (code) => {
      const b = bench()
      const times: number[] = []
      for (let tries = 0; tries < 6; tries++) {
        times.push(b.clock.now())
        b.fails(code)
        if (tries < 5) expect([b.said(), b.handles().size]).toEqual([[], 0])
        b.clock.runUntilIdle()
      }
      expect(times).toEqual([0, 100, 300, 700, 1500, 3100])
      expect(b.sockets.map(({ log }) => log.length)).toEqual([1, 1, 1, 1, 1, 1])
      expect(b.said()).toEqual([{ type: 'attempt.failed', attempt: 1, failure: failure(code, 'open') }])
    },
  )

  test('the next socket serves, and the one before is not heard any more', () => {
    const b = bench()
    b.fails('EMFILE')
    b.clock.runUntilIdle()
    b.socket(0).tell({ type: 'connected' })
    expect(b.said()).toEqual([])
    b.tell({ type: 'opened' })
    b.tell({ type: 'connected' })
    expect(b.types()).toEqual(['opened', 'connected'])
    expect(b.handles().get(1)).toBe(b.socket(1))
  })

  test('while confirming, the next socket asks with the short gaps again, and the count goes on', () => {
    const b = confirming()
    b.clock.runUntil(3_000)
    b.fails('ENOBUFS')
    b.clock.runUntil(3_100)
    b.tell({ type: 'opened' })
    b.tell({ type: 'connected', local: LOCAL })
    b.clock.runUntil(6_100)
    expect(b.socket().log).toEqual(['3100 send 1', '4100 send 1', '6100 send 1'])
    b.receive(2)
    expect(b.said().at(-1)).toMatchObject({ type: 'attempt.confirmed', sent: 6 })
  })

  test('while confirming, the exchange starts over', () => {
    const b = confirming()
    b.fails('ENOBUFS')
    b.clock.runUntil(100)
    b.tell({ type: 'opened' })
    b.tell({ type: 'connected' })
    b.receive(2)
    expect(b.socket().log).toEqual(['100 send 1'])
    expect(b.types()).toEqual(['opened', 'connected', 'opened', 'connected', 'confirmed'])
  })

  test('stopped in the pause, nothing is opened any more', () => {
    const b = bench()
    b.fails('EMFILE')
    b.stop()
    b.clock.runUntilIdle()
    expect([b.sockets.length, b.clock.timers]).toEqual([1, 0])
  })

  test('any other local error fails the attempt', () => {
    const b = bench()
    b.fails('EADDRNOTAVAIL')
    expect(b.types()).toEqual(['failed'])
  })

  test('after the hand-over it is a loss like any other', () => {
    const b = bench()
    b.tell({ type: 'connected' })
    b.accept(false)
    b.fails('ENOBUFS')
    expect(b.types()).toEqual(['connected', 'lost'])
  })
})

describe('confirming', () => {
  test('over udp the same bytes go out at 0 1 3 7 15 31 s, until something comes', () => {
    const b = confirming()
    b.clock.runUntil(31_000)
    expect(b.socket().log).toEqual([0, 1, 3, 7, 15, 31].map((s) => `${s * 1000} send 1`))
    b.receive(2)
    expect(b.said().at(-1)).toEqual({ type: 'attempt.confirmed', attempt: 1, sent: 6, received: 1 })
    expect(b.clock.timers).toBe(0)
  })

  test('over tcp they go out once', () => {
    const b = confirming(TCP)
    b.clock.runUntil(60_000)
    expect(b.socket().log).toEqual(['0 send 1'])
    expect(b.clock.timers).toBe(0)
  })

  test('what proves nothing is counted, and waited beyond', () => {
    const b = confirming()
    b.receive(0)
    b.receive(0)
    b.receive(2)
    expect(b.said().at(-1)).toEqual({ type: 'attempt.confirmed', attempt: 1, sent: 1, received: 3 })
  })

  test('nonsense fails the attempt', () => {
    const b = confirming()
    b.receive(7)
    expect(b.said().at(-1)).toEqual({ type: 'attempt.failed', attempt: 1, failure: failure('BAD_REPLY', 'confirm') })
    expect(b.socket().log).toEqual(['0 send 1', '0 close'])
    expect(b.clock.timers).toBe(0)
  })

  test.each([
    ['kept for the user, if the exchange says so', [PONG], '0 accept false 2'],
    ['eaten, if not', [], '0 accept false '],
  ])('the confirming datagram is %s', (_, early, accepted) => {
    const b = confirming(UDP, early)
    b.receive(...PONG)
    b.accept(false)
    expect(b.socket().log.at(-1)).toBe(accepted)
  })

  test('before and after it, what is received is not judged', () => {
    const b = bench({ exchangeFor: () => exchange() })
    b.receive(7)
    b.tell({ type: 'connected' })
    b.receive(2)
    b.receive(7)
    expect(b.types()).toEqual(['connected', 'confirmed'])
    const c = bench()
    c.receive(2)
    expect(c.said()).toEqual([])
  })

  test('who is stopped by the one that heard of the connection asks nothing', () => {
    const b = bench({ exchangeFor: () => exchange() })
    b.onFirst(() => b.stop())
    b.tell({ type: 'connected' })
    expect(b.socket().log).toEqual(['0 close'])
    expect(b.clock.timers).toBe(0)
  })

  test('who is stopped in the midst of it sends nothing more', () => {
    const b = confirming()
    b.stop()
    b.clock.runUntil(60_000)
    expect(b.socket().log).toEqual(['0 send 1', '0 close'])
    expect([b.clock.timers, b.handles().size]).toEqual([0, 0])
  })
})

describe('the hand-over', () => {
  const connected = () => {
    const b = bench()
    b.tell({ type: 'connected' })
    return b
  }

  test('held, it is watched until it is lost', () => {
    const b = connected()
    b.accept(false)
    expect(b.handles().size).toBe(1)
    b.fails('ECONNRESET')
    expect(b.said().at(-1)).toEqual({ type: 'attempt.lost', attempt: 1, failure: failure('ECONNRESET', 'connect') })
    expect(b.handles().size).toBe(0)
  })

  test('held, stopping closes it', () => {
    const b = connected()
    b.accept(false)
    b.stop()
    expect(b.socket().log).toEqual(['0 accept false ', '0 close'])
  })

  test('released, stopping touches nothing, and the handle waits for the host', () => {
    const b = connected()
    b.accept(true)
    b.stop()
    expect(b.socket().log).toEqual(['0 accept true '])
    expect(b.handles().get(1)).toBe(b.socket())
  })

  test('it happens once, and for this attempt only', () => {
    const b = connected()
    b.accept(true, 2)
    expect(b.socket().log).toEqual([])
    b.accept(false)
    b.accept(true)
    expect(b.socket().log).toEqual(['0 accept false '])
  })

  test('without a socket there is nothing to hand over', () => {
    const b = bench()
    b.fails('EMFILE')
    b.accept(true)
    b.stop()
    expect(b.socket().log).toEqual(['0 close'])
    expect(b.clock.timers).toBe(0)
  })
})

describe('R9 hops', () => {
  const FERRY = { kind: 'ferry', host: 'near.test', port: 8080, settings: {} }
  const candidate: Candidate = { ...TCP, hops: [FERRY, { kind: 'target', host: 'vpn.test', port: 443 }] }
  const CARRIED = 9
  const means: HopMeans = {
    negotiatorFor: () => ({
      begin: () => ({ state: 'waiting', send: Uint8Array.of(8) }),
      receive: ([byte]) => ({ state: byte === CARRIED ? 'done' : 'waiting' }),
    }),
    feedFor: () => ({ handle: undefined, deliver: () => {}, end: () => {} }),
  }
  const onTheWay = (options: Options = {}) => {
    const b = bench({ input: { candidate, hops: [FERRY] }, hops: means, ...options })
    b.tell({ type: 'opened' })
    b.tell({ type: 'connected', local: LOCAL })
    return b
  }
  const failures = (b: ReturnType<typeof bench>) =>
    b.said().flatMap((said) => (said.type === 'attempt.failed' ? [said.failure] : []))

  test('are told as they are passed, and the last one is the end where nothing is confirmed', () => {
    const b = onTheWay()
    b.receive(CARRIED)
    expect(b.said().slice(1)).toEqual([
      { type: 'attempt.connected', attempt: 1, local: LOCAL },
      { type: 'attempt.negotiated', attempt: 1, hop: 1 },
    ])
    b.accept(true)
    expect(b.socket().log).toEqual(['0 send 8', '0 accept true '])
    expect(b.types()).toEqual(['opened', 'connected', 'negotiated'])
  })

  test('come before the confirmation', () => {
    const b = onTheWay({ exchangeFor: () => exchange() })
    b.receive(CARRIED)
    b.receive(2)
    expect(b.types()).toEqual(['opened', 'connected', 'negotiated', 'confirmed'])
    expect(b.socket().log).toEqual(['0 send 8', '0 send 1'])
  })

  test.each([
    ['open', [], 'open', 1],
    ['connect', ['opened'], 'connect', 1],
    ['negotiate', ['opened', 'connected'], 'negotiate', 1],
    ['confirm', ['opened', 'connected', CARRIED], 'confirm', undefined],
  ] as const)('a failure at %s says so, and with which hop', (_, steps, stage, hop) => {
    const b = bench({ input: { candidate, hops: [FERRY] }, hops: means, exchangeFor: () => exchange() })
    for (const step of steps) {
      if (typeof step === 'number') b.receive(step)
      else b.tell({ type: step, local: LOCAL })
    }
    b.fails('ECONNRESET')
    expect(failures(b)).toMatchObject([{ code: 'ECONNRESET', stage, ...(hop && { hop }) }])
    expect('hop' in failures(b)[0]!).toBe(hop !== undefined)
  })

  test('of several only the last one is the end', () => {
    const far = { ...candidate, hops: [FERRY, FERRY, { kind: 'target', host: 'vpn.test', port: 443 }] }
    const b = onTheWay({ input: { candidate: far, hops: [FERRY, FERRY] }, exchangeFor: () => exchange() })
    b.receive(CARRIED)
    expect(b.socket().log).toEqual(['0 send 8', '0 send 8'])
    b.receive(CARRIED)
    expect(b.socket().log.at(-1)).toBe('0 send 1')
    expect(b.types()).toEqual(['opened', 'connected', 'negotiated', 'negotiated'])
  })

  test('a shortage in the midst is no fault of theirs: all begins anew within the attempt', () => {
    const b = onTheWay()
    b.fails('EMFILE')
    b.clock.step()
    b.tell({ type: 'opened' })
    b.tell({ type: 'connected', local: LOCAL })
    b.receive(CARRIED)
    expect(b.types()).toEqual(['opened', 'connected', 'opened', 'connected', 'negotiated'])
    expect(b.socket().log).toEqual(['100 send 8'])
  })

  test('that no plugin makes are not passed', () => {
    const b = bench({ input: { candidate, hops: [FERRY] } })
    expect(b.sockets).toEqual([])
    b.clock.step()
    const message = 'no plugin here makes hops of the kind "ferry"'
    expect(failures(b)).toEqual([{ code: 'BAD_HOP', stage: 'open', message }])
  })
})

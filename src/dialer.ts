/**
 * One attempt, from the socket to the confirmation: what both twins do alike, over a `Wire` that differs. It owns the
 * socket until that is accepted with `release`; its disposer closes it.
 *
 * Shortages of this machine (EMFILE and kin) are not the candidate's fault: they are tried again within the attempt.
 * The deadline is the machine's business, not ours.
 */
import type { DialerHears, DialerInput, DialerSays } from './actors.ts'
import { type Exchange, type ExchangeFactory, resendAfter } from './confirmation.ts'
import { ioActor } from './contain.ts'
import type { Endpoint } from './endpoint.ts'
import { type Failure, failure, isShortage } from './failure.ts'
import { handlesOf } from './handles.ts'
import type { Wire, WireEvent, WireSocket } from './wire.ts'

/** First pause after a shortage, ms (sshd's and HAProxy's figure); it doubles. */
const SHORTAGE_PAUSE = 100
const SHORTAGE_RETRIES = 5

export function dialerLogic(wire: Wire, exchangeFor: ExchangeFactory) {
  return ioActor<DialerInput, DialerSays, DialerHears>(({ input, say, hear, clock, system }) => {
    const { attempt, candidate } = input
    const remote: Endpoint = { family: candidate.family, address: candidate.address, port: candidate.port }
    const made = exchangeFor(input.confirmation, candidate)
    const exchange = made && 'code' in made ? undefined : made
    const handles = handlesOf(system)
    let socket: WireSocket | undefined
    let timer: unknown
    let shortages = 0
    let stage: 'open' | 'connect' | 'confirm' | 'connected' = 'open'
    let sent = 0
    let received = 0
    let reply: Uint8Array[] = []

    const open = () => {
      stage = 'open'
      const { transport, family } = candidate
      const mine: WireSocket = wire.open(
        { attempt, transport, family, remote, local: input.local, reads: exchange !== undefined },
        (event) => {
          // What an earlier socket of this attempt still says is of no interest.
          if (socket === mine) hearWire(event)
        },
      )
      socket = mine
      handles.set(attempt, mine)
    }

    const hearWire = (event: WireEvent) => {
      switch (event.type) {
        case 'opened':
          stage = 'connect'
          return say({ type: 'attempt.opened', attempt, local: event.local })
        case 'connected':
          return connected(event.local)
        case 'received':
          return judge(event.bytes)
        case 'failed':
          return failed(event.failure)
      }
    }

    const connected = (local: Endpoint | undefined) => {
      if (local && local.port === remote.port && local.address === remote.address)
        return fail(failure('SELF_CONNECT', 'connect'))
      say({ type: 'attempt.connected', attempt, local })
      if (exchange) {
        stage = 'confirm'
        ask(exchange)
      } else stage = 'connected'
    }

    const ask = (exchange: Exchange) => {
      // Whoever heard that we are connected may have stopped us by now.
      if (!socket) return
      socket.send(exchange.request)
      sent++
      if (candidate.transport === 'udp') timer = clock.setTimeout(() => ask(exchange), resendAfter(sent))
    }

    const judge = (bytes: Uint8Array) => {
      if (!exchange || stage !== 'confirm') return
      received++
      const verdict = exchange.receive(bytes)
      if (verdict === 'waiting') return
      if (verdict !== 'confirmed') return fail(verdict)
      stage = 'connected'
      clock.clearTimeout(timer)
      if (exchange.keepsReply) reply = [bytes]
      say({ type: 'attempt.confirmed', attempt, sent, received })
    }

    const failed = (cause: Failure) => {
      if (isShortage(cause.code) && stage !== 'connected' && shortages < SHORTAGE_RETRIES) {
        close()
        timer = clock.setTimeout(open, SHORTAGE_PAUSE * 2 ** shortages++)
      } else fail(cause)
    }

    const fail = (cause: Failure) => {
      close()
      if (accepted) say({ type: 'attempt.lost', attempt, failure: cause })
      else say({ type: 'attempt.failed', attempt, failure: { ...cause, stage } })
    }

    const close = () => {
      const closing = socket
      // Forgotten first: should closing it go wrong after all, it is nobody's any more.
      socket = undefined
      handles.delete(attempt)
      clock.clearTimeout(timer)
      closing?.close()
    }

    let accepted = false
    let released = false
    hear((event) => {
      if (event.attempt !== attempt || accepted || !socket) return
      accepted = true
      released = event.release
      socket.accept(released, reply)
      reply = []
    })

    if (made && 'code' in made) timer = clock.setTimeout(() => fail(made), 0)
    else open()
    // After a release the handle stays in the registry until the host has taken it; it is nobody's to close here.
    return () => {
      if (!released) close()
    }
  })
}

// The client's statechart as an XState actor of your own, on the virtual network; on real sockets it is
// `clientLogic(nodeActors())` with `clock: nodeClock`, both from 'sockchart/node'.
import { ClientSchema, traceLine } from 'sockchart'
import { clientLogic, ledgerOf } from 'sockchart/machines'
import { virtualActors, virtualWorld } from 'sockchart/sim'
import { createActor } from 'xstate'

const world = virtualWorld({
  names: { 'vpn.test': [[{ address: '198.51.100.1', delayMs: 0 }]] },
  network: { '198.51.100.1': { tcp: { connect: 20 } } },
  self: ['198.51.100.254'],
  binds: {},
})
const config = ClientSchema.parse({ remotes: [{ host: 'vpn.test', proto: 'tcp' }] })
const client = createActor(clientLogic(virtualActors(() => world)), {
  clock: world.clock,
  input: { config, seed: 1, release: false },
})
client.on('*', (note) => console.log(traceLine(note)))
client.start()
client.send({ type: 'start' })
world.clock.runUntil(1_000)
console.log(ledgerOf(client.getSnapshot()).counters)
client.stop()

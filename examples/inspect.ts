// Watch a client in Stately's inspector: `inspect` goes straight to XState, so any XState inspector works.
// It needs `@statelyai/inspect` (a development dependency) and a browser. The inspector's server listens on every
// interface and asks nobody who he is: for a developer's machine only.
import { createWebSocketInspector } from '@statelyai/inspect'
import { createInspectorServer } from '@statelyai/inspect/server'
import { createClient } from 'sockchart/node'

createInspectorServer({ port: 8080 })
const { inspect } = createWebSocketInspector({ url: 'ws://127.0.0.1:8080' })

const client = createClient({ remotes: [{ host: 'localhost', port: 22, proto: 'tcp' }] }, { inspect })
client.on('note', (note) => console.log(note))
process.once('SIGINT', () => void client.close())

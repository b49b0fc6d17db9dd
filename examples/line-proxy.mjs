// @ts-check
// A socket plugin: a way over proxies that understand one line. `GO host:port` goes out, `OK` comes back, and from then on
// the stream is the target's.
//
//   sockchart run --socket-plugin ./examples/line-proxy.mjs --client --proto tcp --line-proxy HOST PORT --remote HOST PORT

/** @type {import('sockchart').PluginModule} */
export default {
  name: 'line-proxy',
  usage: '',
  directives: new Map([['line-proxy', { usage: 'host port', inBlock: true, makes: 'hop' }]]),
  hopLines: {
    read: ({ values: [host, port] }, _options, desk) => {
      if (!host || !port) return undefined // the usage says that both are there
      const number = Number(port.text)
      if (number >= 1 && number <= 65_535) return { kind: 'line-proxy', host: host.text, port: number, settings: {} }
      desk.report(port.at, { severity: 'error', code: 'value', message: `expected a port, not "${port.text}"` })
      return undefined
    },
    print: ({ host, port }) => ({ lines: [`line-proxy ${host} ${port}`], handles: [] }),
  },
  create: () => ({ name: 'line-proxy', hops: { judge, negotiator } }),
}

/** @type {import('sockchart').HopMaker['judge']} */
function judge(_hop, { transport }) {
  if (transport === 'tcp') return []
  return [{ severity: 'error', message: 'a line-proxy carries no datagrams', hint: 'write: proto tcp' }]
}

/** @type {import('sockchart').HopMaker['negotiator']} */
function negotiator({ target: { host, port }, mayQuote }) {
  const name = host.includes(':') ? `[${host}]` : host
  let line = ''
  return {
    begin: () => {
      line = ''
      return { state: 'waiting', send: new TextEncoder().encode(`GO ${name}:${port}\n`) }
    },
    // The bytes come cut anywhere: half a line, or a line and the target's first words.
    receive: (bytes) => {
      const end = bytes.indexOf(0x0a)
      line += String.fromCharCode(...bytes.subarray(0, end < 0 ? 80 : end))
      if (end < 0 && line.length < 80) return { state: 'waiting' }
      const early = end + 1 < bytes.length ? bytes.subarray(end + 1) : undefined
      if (line === 'OK') return { state: 'done', early }
      const said = mayQuote ? `the proxy said "${line.slice(0, 64).replace(/[^ -~]/g, '?')}"` : 'the proxy refused'
      return { state: 'failed', code: 'HOP_REFUSED', message: said }
    },
  }
}

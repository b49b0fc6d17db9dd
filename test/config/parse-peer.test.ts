import { describe, expect, test } from 'vitest'
import { type ParseOptions, parseConfig } from '../../src/config/parse.ts'
import { type PeerConfig, PeerSchema, clientOf, remoteAt } from '../../src/config/peer-schema.ts'
import { IMPLIED } from '../../src/config/policy.ts'
import type { Config } from '../../src/config/schema.ts'

const read = (text: string, options?: ParseOptions) => parseConfig({ file: 'peer.conf', text }, options)

function asPeer(config: Config | undefined): PeerConfig {
  if (config?.mode !== 'p2p') throw new Error("this is no peer's configuration")
  return config
}

const peer = (text: string, options?: ParseOptions) => asPeer(read(text, options).config)
const said = (text: string) =>
  read(text).issues.map(({ line, column, severity, code, message }) => {
    return `${line}:${column} ${severity}[${code}] ${message}`
  })

describe('whose it is', () => {
  test.each([
    'mode p2p',
    'dev tun',
    'tls-server',
    'remote peer.example',
    'remote peer.example\ntls-client',
    'mode server\nmode p2p',
    'port 5000',
  ])('%j is a peer', (text) => {
    expect(read(text).config?.mode).toBe('p2p')
  })

  test.each([
    ['mode p2p\nclient\nremote vpn.example', 'client'],
    ['mode p2p\npull\ntls-client\nremote vpn.example', 'client'],
    ['mode p2p\nserver 10.8.0.0 255.255.255.0', 'server'],
  ])('%j is none', (text, mode) => {
    expect(read(text).config?.mode).toBe(mode)
  })
})

describe('R5 what the words imply', () => {
  test.each(Object.entries(IMPLIED))('proto %s', (word, { sockets, waits }) => {
    const host = waits ? '198.51.100.1' : 'peer.example'
    const proto = word.startsWith('tcp') ? 'tcp' : 'udp'
    const config = peer(`proto ${word}\nremote ${host}\n`)
    expect(config).toMatchObject({ sockets, waits, remotes: [{ host, proto, confirm: { kind: 'peer' } }] })
    const binds = sockets !== 'roles' || waits
    expect(config.listen).toEqual(binds ? { proto, port: 1194 } : undefined)
    // OpenVPN does not bind one that is tcp-client.
    expect(config.remotes[0]?.local).toEqual(word === 'udp-client' ? { port: 1194 } : undefined)
  })

  test('without a word it is udp', () => {
    expect(peer('remote peer.example')).toEqual(peer('proto udp\nremote peer.example'))
    expect(peer('dev tun')).toMatchObject({ sockets: 'all', waits: false, remotes: [] })
  })

  test.each([
    ['udp', 'all'],
    ['udp-server', 'roles'],
    ['tcp-server', 'roles'],
  ])('to say what %s implies anyway changes nothing', (word, sockets) => {
    expect(peer(`proto ${word}\np2p-sockets ${sockets}`)).toEqual(peer(`proto ${word}`))
  })

  test('pinned: one address here, one there', () => {
    expect(peer('p2p-sockets pinned\nlocal 2001:db8::1\nremote 2001:db8::2 5000')).toMatchObject({
      sockets: 'pinned',
      waits: false,
      listen: { proto: 'udp', host: '2001:db8::1', port: 1194 },
      remotes: [{ host: '2001:db8::2', port: 5000 }],
    })
  })

  test('who dials may do so over both transports', () => {
    const text = 'proto udp-client\nremote a.example\nremote b.example 443 tcp-client'
    expect(peer(text).remotes).toMatchObject([
      { host: 'a.example', proto: 'udp', local: { port: 1194 } },
      { host: 'b.example', port: 443, proto: 'tcp' },
    ])
    expect(peer(`${text}\nproto-force tcp`).remotes).toMatchObject([{ host: 'b.example' }])
  })
})

describe('what is bound', () => {
  test.each([
    ['proto udp', { proto: 'udp', port: 1194 }],
    ['lport 0', { proto: 'udp', port: 0 }],
    ['port 5000', { proto: 'udp', port: 5000 }],
    ['port 5000\nlport 5001', { proto: 'udp', port: 5001 }],
    ['local *\nbind', { proto: 'udp', port: 1194 }],
    ['local me.example 5002', { proto: 'udp', host: 'me.example', port: 5002 }],
    ['proto tcp-server\nlocal 198.51.100.1', { proto: 'tcp', host: '198.51.100.1', port: 1194 }],
    ['ipv4', { proto: 'udp', port: 1194, family: 'ipv4' }],
    ['ipv6', { proto: 'udp', port: 1194, family: 'ipv6' }],
    ['bind ipv6only', { proto: 'udp', port: 1194, family: 'ipv6' }],
    ['ipv6\nbind ipv6only', { proto: 'udp', port: 1194, family: 'ipv6' }],
  ])('%j', (text, listen) => {
    expect(peer(text).listen).toEqual(listen)
    expect(said(text)).toEqual([])
  })

  test('R1 bind ipv6only is for the sockets, ipv6 for the remotes, too', () => {
    expect(peer('bind ipv6only\nremote peer.example').remotes[0]?.family).toBeUndefined()
    expect(peer('ipv6\nremote peer.example').remotes[0]?.family).toBe('ipv6')
  })

  test.each(['udp6', 'udp6-server', 'tcp6-server', 'udpv6'])(
    'R1 %s means both families on a side that binds',
    (word) => {
      expect(peer(`proto ${word}`).listen?.family).toBeUndefined()
      expect(said(`proto ${word}`)).toEqual([
        `1:7 warning[R1] "${word}" is an old spelling, which forces no family here`,
      ])
      expect(peer(`proto ${word}\nbind ipv6only`).listen?.family).toBe('ipv6')
    },
  )

  test('R1 an old spelling of one remote', () => {
    expect(peer('remote peer.example 1194 udp6').remotes[0]?.family).toBeUndefined()
    expect(peer('remote peer.example 1194 udp4').remotes[0]?.family).toBe('ipv4')
    expect(peer('remote peer.example 1194 udp6-client').remotes[0]?.family).toBe('ipv6')
    const { issues } = read('remote peer.example 1194 udp6')
    expect(issues.map(({ hint }) => hint)).toEqual(['write "udp"; for IPv6 alone, also "ipv6" on a line of its own'])
  })

  test('R7 who dials binds for each attempt, or not at all', () => {
    const local = (text: string) => peer(`remote peer.example\n${text}`).remotes[0]?.local
    expect(local('proto udp-client\nlocal 198.51.100.1\nlport 0')).toEqual({ host: '198.51.100.1', port: 0 })
    expect(local('proto udp-client\nnobind')).toBeUndefined()
    expect(local('proto tcp-client\nbind')).toEqual({ port: 1194 })
    expect(local('proto tcp-client\nnobind')).toBeUndefined()
  })

  test('R7 a block has its own way', () => {
    const text = 'proto udp-client\nnobind\n<connection>\nremote a.example\nlport 0\n</connection>\n'
    const more = '<connection>\nremote b.example\n</connection>\n'
    expect(peer(text + more).remotes.map(({ local }) => local)).toEqual([{ port: 0 }, undefined])
  })

  test('bind-policy', () => {
    expect(peer('bind-policy any').bindPolicy).toBe('any')
    expect(peer('dev tun').bindPolicy).toBe('all')
  })
})

describe('R6', () => {
  test.each([
    ['local 198.51.100.1\nremote 2001:db8::2\nremote 198.51.100.2', '1:7', '198.51.100.1 is ipv4: 2001:db8::2'],
    ['bind ipv6only\nremote 2001:db8::2\nremote 198.51.100.2', '1:6', ':: is ipv6: 198.51.100.2'],
    [
      'ipv4\n<connection>\nremote a.example\nipv6\n</connection>\n<connection>\nremote b.example\n</connection>',
      '1:1',
      '0.0.0.0 is ipv4: a.example',
    ],
  ])('what does not fit is skipped, and that is said: %j', (text, at, skipped) => {
    expect(said(text)).toEqual([`${at} warning[R6] ${skipped} will be skipped`])
  })

  test('local :: alone binds both families', () => {
    expect(said('local ::\nremote 198.51.100.2')).toEqual([])
  })

  test('a remote that nobody can be at', () => {
    expect(said('remote 0.0.0.0\nremote peer.example')).toEqual([
      '1:8 warning[value] 0.0.0.0 is the unspecified address: this remote will be skipped',
    ])
  })
})

describe('confirmation', () => {
  test('is ours, unless something else is said', () => {
    const kinds = (text: string) => {
      const { confirm, remotes } = peer(`remote a.example\nremote b.example\n${text}`)
      return [confirm, ...remotes.map((remote) => remote.confirm.kind)]
    }
    expect(kinds('')).toEqual(['peer', 'peer', 'peer'])
    expect(kinds('confirm none')).toEqual(['none', 'none', 'none'])
    expect(kinds('confirm reply hello')).toEqual(['peer', 'reply', 'reply'])
    expect(peer('confirm none').confirm).toBe('none')
  })

  test('a block has its own', () => {
    const text = 'confirm none\n<connection>\nremote a.example\nconfirm reply "hi"\n</connection>\n'
    const more = '<connection>\nremote b.example\nconnect-timeout 3\n</connection>\nconnect-timeout 20\n'
    expect(peer(text + more)).toMatchObject({
      confirm: 'none',
      connectTimeout: 20_000,
      remotes: [
        { confirm: { kind: 'reply', text: 'hi' }, connectTimeout: 20_000 },
        { confirm: { kind: 'none' }, connectTimeout: 3_000 },
      ],
    })
  })
})

describe('once met', () => {
  test.each([
    ['ping 10', { ping: 10_000 }],
    ['ping-restart 60', { restart: 60_000 }],
    ['ping 10\nping-restart 60', { ping: 10_000, restart: 60_000 }],
    ['keepalive 10 60', { ping: 10_000, restart: 60_000 }],
    ['ping 0\nping-restart 0', {}],
    ['', {}],
  ])('%j', (text, keepalive) => {
    expect(peer(`mode p2p\n${text}`).keepalive).toEqual(keepalive)
  })

  test('the command line has the last word', () => {
    const options = { argv: ['--ping', '5', '--ping-restart', '0'] }
    expect(peer('keepalive 10 60', options).keepalive).toEqual({ ping: 5_000 })
  })

  test('float', () => {
    expect(peer('float\nremote peer.example').float).toBe(true)
    expect(peer('remote peer.example').float).toBe(false)
    expect(peer('proto udp-server\nremote peer.example\nfloat').remotes).toMatchObject([{ host: 'peer.example' }])
  })

  test('float in a block is true for all', () => {
    const text = '<connection>\nremote a.example\nfloat\n</connection>\n'
    expect(peer(text).float).toBe(true)
    expect(said(text)).toEqual(['3:1 warning[scope] "float" is true for all remotes, wherever it stands'])
  })

  const TCP = 'pings have no effect over TCP: there, the system tells when the peer is gone'
  const FOREIGN = 'a ping has no effect without "confirm peer": to the other it would be none'

  test.each([
    ['proto tcp-server\nkeepalive 10 60', [`2:11 warning[R5] ${TCP}`]],
    ['proto tcp-client\nremote a.example\nping-restart 60', [`3:14 warning[R5] ${TCP}`]],
    ['confirm none\nping 10', [`2:6 warning[R5] ${FOREIGN}`]],
    ['confirm none\nping-restart 10', []],
    ['remote a.example\nconfirm reply hi\nping 10', [`3:6 warning[R5] ${FOREIGN}`]],
    ['proto udp-client\nremote a.example\nremote b.example 443 tcp-client\nkeepalive 10 60', []],
    ['proto tcp-client\nremote a.example\nfloat', ['3:1 warning[R5] "float" has no effect: over TCP nobody moves']],
    [
      'proto udp-client\nremote a.example\nfloat\nconfirm none',
      ['3:1 warning[R5] "float" has no effect: without "confirm peer" nobody can prove to have moved'],
    ],
    ['confirm none\nfloat', []],
    ['proto tcp-server\nfloat', []],
  ])('what has no effect is said: %j', (text, issues) => {
    expect(said(text)).toEqual(issues)
  })
})

describe('what a peer may have that is not for it', () => {
  test.each([
    'tls-auth ta.key 1',
    'tls-crypt tc.key',
    'key-direction 1',
    'auth SHA256',
    'hand-window 60',
    'ping-exit 60',
    'secret static.key',
  ])('%s is ignored', (line) => {
    const { config, issues, ignored } = read(`mode p2p\n${line}\n`)
    expect(config).toEqual(peer('mode p2p'))
    expect(issues).toEqual([])
    expect(ignored.map(({ name }) => name)).toEqual([line.split(' ')[0]])
  })

  test.each(['ping 10', 'ping-restart 60', 'keepalive 10 60'])('%s is still ignored in others', (line) => {
    for (const text of ['client\nremote vpn.example', 'mode server'])
      expect(read(`${text}\n${line}`)).toMatchObject({ issues: [], ignored: [{ name: line.split(' ')[0] }] })
  })

  test('where lines were lost, nobody is called a peer who does not say so', () => {
    const codes = (text: string) => read(text).issues.map(({ code }) => code)
    expect(codes('max-clients 10\nfrobnicate')).toEqual(['unknown'])
    expect(codes('mode p2p\nmax-clients 10\nfrobnicate')).toEqual(['mode', 'unknown'])
    expect(codes('proto udp-client\nfrobnicate')).toEqual(['unknown'])
  })
})

describe('the peer as a client', () => {
  const config = PeerSchema.parse({
    mode: 'p2p',
    sockets: 'roles',
    waits: true,
    listen: {},
    remotes: [{ host: '198.51.100.1', connectTimeout: 3_000, confirm: { kind: 'none' } }],
    connectTimeout: 7_000,
  })

  test('has what a client has, and nothing else', () => {
    const client = clientOf(config, config.remotes)
    expect(client).toEqual({
      mode: 'client',
      remotes: config.remotes,
      remoteRandom: false,
      remoteRandomHostname: false,
      resolveTimeout: 5_000,
      resolvRetry: 'infinite',
      connectRetry: { min: 1_000, max: 300_000 },
      connectRetryMax: 0,
      pacing: { policy: 'sequential', attemptDelay: 250, maxInFlight: 10 },
      candidateOrder: { kind: 'as-returned', count: 1 },
    })
  })

  test.each([
    ['dev tun', undefined],
    ['local 198.51.100.1', { host: '198.51.100.1', port: 1194 }],
    ['local 0.0.0.0', { host: '0.0.0.0', port: 1194 }],
    ['bind ipv6only', { host: '::', port: 1194 }],
    ['ipv4\nlport 5', { host: '0.0.0.0', port: 5 }],
    ['local ::', undefined],
    ['local me.example\nipv6', undefined],
    ['proto udp-server\nlocal 198.51.100.1\nfloat', undefined],
  ])('R6 what is bound for all is the local side of each: %j', (text, local) => {
    const config = peer(`${text}\nremote peer.example`)
    expect(clientOf(config, config.remotes).remotes[0]?.local).toEqual(local)
  })

  test('somebody who came is the remote that has the address, or nobody known', () => {
    const met = (address: string) =>
      remoteAt(config, { transport: 'udp', remote: { family: 'ipv4', address, port: 4 } })
    const at = { port: 4, proto: 'udp', hops: [] }
    expect(met('198.51.100.1')).toEqual({
      ...at,
      host: '198.51.100.1',
      connectTimeout: 3_000,
      confirm: { kind: 'none' },
    })
    expect(met('198.51.100.9')).toEqual({
      ...at,
      host: '198.51.100.9',
      connectTimeout: 7_000,
      confirm: { kind: 'peer' },
    })
  })
})

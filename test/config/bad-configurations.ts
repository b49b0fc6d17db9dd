/**
 * Configurations that are wrong, each with everything that is said about it: `line:column+length severity[code]
 * message | hint`, in the order in which it is shown. Not one of them gives a configuration.
 */
import type { ParseOptions } from '../../src/config/parse.ts'

export interface Bad {
  readonly name: string
  /** `@KEY@` stands for a static key. */
  readonly text: string
  readonly options?: ParseOptions
  readonly issues: readonly string[]
}

export const BAD_CONFIGURATIONS: readonly Bad[] = [
  {
    name: 'R1 both families in one scope',
    text: 'client\nipv4\nipv6\nremote vpn.example 443\n',
    issues: [
      '3:1+4 error[R1] ipv4 and ipv6 are both forced here | keep one of them; with neither, both families are used',
    ],
  },
  {
    name: 'R1 both families in one block',
    text: 'client\n<connection>\nremote vpn.example\nipv6\nipv4\n</connection>\n',
    issues: [
      '5:1+4 error[R1] ipv4 and ipv6 are both forced here | keep one of them; with neither, both families are used',
    ],
  },
  {
    name: 'R1 a proto of one family beside the other word',
    text: 'client\nproto udp6\nipv4\nremote vpn.example\n',
    issues: [
      '2:7+4 warning[R1] "udp6" is an old spelling of a protocol and a family | write "proto udp" and, on a line of its own, "ipv6"',
      '3:1+4 error[R1] ipv4 and ipv6 are both forced here | keep one of them; with neither, both families are used',
    ],
  },
  {
    name: 'R1 a literal of the other family than the global one',
    text: 'client\nipv4\nremote 2001:db8::1 443 tcp\n',
    issues: ['3:8+11 error[R1] 2001:db8::1 is no ipv4 address, but ipv4 is forced'],
  },
  {
    name: 'R1 a literal of the other family than its own suffix',
    text: 'client\nremote 198.51.100.1 443 tcp6\n',
    issues: [
      '2:8+12 error[R1] 198.51.100.1 is no ipv6 address, but ipv6 is forced',
      '2:25+4 warning[R1] "tcp6" is an old spelling of a protocol and a family | write "tcp", and "ipv6" on a line of its own: for this remote alone, both in a <connection> block',
    ],
  },
  {
    name: 'R1 a literal of the other family than its block',
    text: 'client\n<connection>\n  ipv6\n  remote 198.51.100.1 443\n</connection>\n',
    issues: ['4:10+12 error[R1] 198.51.100.1 is no ipv6 address, but ipv6 is forced'],
  },
  {
    name: 'R1 proto udp in a block does not lift a global ipv6',
    text: 'client\nipv6\n<connection>\nproto udp\nremote 198.51.100.1\n</connection>\n',
    issues: ['5:8+12 error[R1] 198.51.100.1 is no ipv6 address, but ipv6 is forced'],
  },
  {
    name: 'R1 a mapped remote under a forced ipv6',
    text: 'client\nipv6\nremote ::ffff:198.51.100.1\n',
    issues: [
      '3:8+19 note[R1] ::ffff:198.51.100.1 is the IPv4 address 198.51.100.1',
      '3:8+19 error[R1] 198.51.100.1 is no ipv6 address, but ipv6 is forced',
    ],
  },
  {
    name: 'R1 a mapped local address',
    text: 'client\nlocal ::ffff:198.51.100.1\nremote vpn.example\n',
    issues: ['2:7+19 error[R1] a mapped address cannot be bound | the IPv4 address in it is 198.51.100.1'],
  },
  {
    name: 'R1 an old spelling under --strict',
    text: 'client\nproto udp6\nremote vpn.example\n',
    options: { strict: true },
    issues: [
      '2:7+4 error[R1] "udp6" is an old spelling of a protocol and a family | write "proto udp" and, on a line of its own, "ipv6"',
    ],
  },
  {
    name: 'R1 an old spelling of a remote under --strict',
    text: 'client\nremote vpn.example 443 tcp4-client\n',
    options: { strict: true },
    issues: [
      '2:24+11 error[R1] "tcp4-client" is an old spelling of a protocol and a family | write "tcp-client", and "ipv4" on a line of its own: for this remote alone, both in a <connection> block',
    ],
  },
  {
    name: 'R1 an unknown protocol',
    text: 'client\nproto sctp\nremote vpn.example\n',
    issues: ['2:7+4 error[value] "sctp" is no protocol | write udp or tcp'],
  },
  {
    name: 'R1 a protocol in capitals',
    text: 'client\nproto UDP\nremote vpn.example\n',
    issues: ['2:7+3 error[value] "UDP" is no protocol | write it in small letters: udp'],
  },
  {
    name: 'R1 an unknown protocol of a remote',
    text: 'client\nremote vpn.example 443 tpc\n',
    issues: ['2:24+3 error[value] "tpc" is no protocol | write udp or tcp'],
  },
  {
    name: 'R1 ipv4 with a value',
    text: 'client\nipv4 yes\nremote vpn.example\n',
    issues: ['2:6+3 error[arity] "ipv4" takes no value'],
  },
  {
    name: 'R6 a local literal of one family, remote literals of the other',
    text: 'client\nlocal 198.51.100.9\nremote 2001:db8::1 443\nremote 2001:db8::2 443\n',
    issues: [
      '2:7+12 error[R6] 198.51.100.9 is ipv4, and its remotes are ipv6 (2001:db8::1, 2001:db8::2): nothing can be tried | bind an ipv6 address, or none',
    ],
  },
  {
    name: 'R6 the same, in a block',
    text: 'client\n<connection>\nlocal 2001:db8::9\nremote 198.51.100.1\n</connection>\n',
    issues: [
      '3:7+11 error[R6] 2001:db8::9 is ipv6, and its remotes are ipv4 (198.51.100.1): nothing can be tried | bind an ipv4 address, or none',
    ],
  },
  {
    name: 'R6 a local literal under the other forced family',
    text: 'client\nipv6\nlocal 198.51.100.9\nremote vpn.example\n',
    issues: [
      '3:7+12 error[R6] 198.51.100.9 is ipv4, and its remotes are ipv6 (vpn.example): nothing can be tried | bind an ipv6 address, or none',
    ],
  },
  {
    name: 'R6 two locals, and neither fits',
    text: 'client\n<connection>\nlocal 2001:db8::9\nremote 198.51.100.1\n</connection>\n<connection>\nlocal 198.51.100.9\nremote 2001:db8::1\n</connection>\n',
    issues: [
      '3:7+11 error[R6] 2001:db8::9 is ipv6, and its remotes are ipv4 (198.51.100.1): nothing can be tried | bind an ipv4 address, or none',
      '7:7+12 error[R6] 198.51.100.9 is ipv4, and its remotes are ipv6 (2001:db8::1): nothing can be tried | bind an ipv6 address, or none',
    ],
  },
  {
    name: 'R7 bind and nobind in one scope',
    text: 'client\nbind\nnobind\nremote vpn.example\n',
    issues: ['3:1+6 error[R7] "bind" and "nobind" contradict each other | remove one of them; "bind" binds'],
  },
  {
    name: 'R7 local and nobind in one scope',
    text: 'client\nnobind\nlocal 198.51.100.9\nremote vpn.example\n',
    issues: ['2:1+6 error[R7] "local" and "nobind" contradict each other | remove one of them; "local" binds'],
  },
  {
    name: 'R7 lport and nobind in one block',
    text: 'client\n<connection>\nremote vpn.example\nlport 0\nnobind\n</connection>\n',
    issues: ['5:1+6 error[R7] "lport" and "nobind" contradict each other | remove one of them; "lport" binds'],
  },
  {
    name: 'R7 bind with an unknown word',
    text: 'client\nbind ipv6-only\nremote vpn.example\n',
    issues: ['2:6+9 error[value] expected ipv6only, not "ipv6-only" | did you mean "ipv6only"?'],
  },
  {
    name: 'R7 a local port out of range',
    text: 'client\nlport 65536\nremote vpn.example\n',
    issues: ['2:7+5 error[value] a port is a number from 0 to 65535, not "65536"'],
  },
  {
    name: 'R8 local with a protocol',
    text: 'client\nlocal 198.51.100.9 1194 udp\nremote vpn.example\n',
    issues: [
      '2:25+3 error[R8] "local" with a protocol is for servers | what is bound has the protocol of the remote; leave it away',
    ],
  },
  {
    name: 'R8 a listen block in a client',
    text: 'client\nremote vpn.example\n<listen>\nproto tcp\nlport 443\n</listen>\n',
    issues: ['3:1+8 error[R8] <listen> is for servers, and this is a client\'s configuration | remove it, or "client"'],
  },
  {
    name: 'R9 a socket plugin in a file',
    text: 'client\nremote vpn.example 1194\nsocket-plugin ./evil.js\n',
    issues: [
      '3:1+13 error[R9] a file may not load socket plugins | it would run code; --allow-socket-plugins says that you trust the file',
    ],
  },
  {
    name: 'R9 a directive of a plugin that is not there',
    text: 'client\nremote vpn.example 1194\nrelay-through gate.example 8080\n',
    options: { foreign: new Map([['relay-through', { kind: 'refused', why: 'nobody relays here' }]]) },
    issues: [
      '3:1+13 error[refused] "relay-through" is not honoured: nobody relays here | --allow-ignored relay-through reads on without it',
    ],
  },
  {
    name: 'R9 such a directive in a block',
    text: 'client\n<connection>\nremote vpn.example\nrelay-through gate.example\n</connection>\n',
    options: { foreign: new Map([['relay-through', { kind: 'refused', why: 'nobody relays here' }]]) },
    issues: [
      '4:1+13 error[refused] "relay-through" is not honoured: nobody relays here | --allow-ignored relay-through reads on without it',
    ],
  },
  {
    name: 'pull without tls-client',
    text: 'pull\nremote vpn.example\n',
    issues: [
      '1:1+4 error[mode] "pull" is for clients, and without "client" this is a peer\'s configuration | add a line: client',
    ],
  },
  {
    name: 'an unknown mode',
    text: 'mode peer\nremote vpn.example\n',
    issues: ['1:6+4 error[value] expected client, server or p2p, not "peer"'],
  },
  {
    name: 'p2p-sockets in a client',
    text: 'client\nremote vpn.example 1194\np2p-sockets roles\n',
    issues: [
      '3:1+11 error[mode] "p2p-sockets" is for peers, and this is a client\'s configuration | remove it, or "client"',
    ],
  },
  {
    name: 'max-clients in a client',
    text: 'client\nremote vpn.example 1194\nmax-clients 10\n',
    issues: [
      '3:1+11 error[mode] "max-clients" is for servers, and this is a client\'s configuration | remove it, or "client"',
    ],
  },
  {
    name: 'a protocol that listens',
    text: 'client\nproto tcp-server\nremote vpn.example\n',
    issues: [
      '2:7+10 error[mode] "tcp-server" listens, and this is no server\'s configuration | for a client write tcp',
    ],
  },
  {
    name: 'a remote whose protocol listens',
    text: 'client\nremote vpn.example 443 udp-server\n',
    issues: [
      '2:24+10 error[mode] "udp-server" listens, and this is no server\'s configuration | for a client write udp',
    ],
  },
  {
    name: 'confirm peer',
    text: 'client\nremote vpn.example 1194\nconfirm peer\n',
    issues: [
      '3:9+4 error[R5] "confirm peer" is for peers, and this is the configuration of a client | write none, openvpn or reply TEXT',
    ],
  },
  {
    name: 'port 0',
    text: 'client\nremote vpn.example 0\n',
    issues: [
      '2:20+1 error[value] a port is a number from 1 to 65535, not "0" | port 0 means "any", and only a local port can be that',
    ],
  },
  {
    name: 'a port that OpenVPN would wrap',
    text: 'client\nremote vpn.example 99999\n',
    issues: ['2:20+5 error[value] a port is a number from 1 to 65535, not "99999"'],
  },
  {
    name: 'a negative port',
    text: 'client\nremote vpn.example -1\n',
    issues: ['2:20+2 error[value] a port is a number from 1 to 65535, not "-1"'],
  },
  {
    name: 'a service name',
    text: 'client\nremote vpn.example https\n',
    issues: [
      '2:20+5 error[value] a port is a number from 1 to 65535, not "https" | write its number: names of services are not looked up',
    ],
  },
  {
    name: 'another service name',
    text: 'client\nport openvpn\nremote vpn.example\n',
    issues: ['2:6+7 error[value] a port is a number from 1 to 65535, not "openvpn" | the port of openvpn is 1194'],
  },
  {
    name: 'a port of letters',
    text: 'client\nrport abc\nremote vpn.example\n',
    issues: [
      '2:7+3 error[value] a port is a number from 1 to 65535, not "abc" | write its number: names of services are not looked up',
    ],
  },
  {
    name: 'a port in hexadecimal',
    text: 'client\nremote vpn.example 0x1bb\n',
    issues: ['2:20+5 error[value] a port is a number from 1 to 65535, not "0x1bb"'],
  },
  {
    name: 'the protocol in place of the port',
    text: 'client\nremote vpn.example udp\n',
    issues: ['2:20+3 error[value] a port is a number from 1 to 65535, not "udp" | the port stands before the protocol'],
  },
  {
    name: 'a shortened address',
    text: 'client\nremote 127.1\n',
    issues: [
      '2:8+5 error[value] numbers alone are no host name; an IPv4 address is four numbers from 0 to 255 without leading zeros',
    ],
  },
  {
    name: 'an address with leading zeros',
    text: 'client\nremote 010.0.0.1\n',
    issues: [
      '2:8+9 error[value] numbers alone are no host name; an IPv4 address is four numbers from 0 to 255 without leading zeros',
    ],
  },
  {
    name: 'an address out of range',
    text: 'client\nremote 198.51.100.256\n',
    issues: [
      '2:8+14 error[value] numbers alone are no host name; an IPv4 address is four numbers from 0 to 255 without leading zeros',
    ],
  },
  {
    name: 'a number',
    text: 'client\nremote 3221226219\n',
    issues: [
      '2:8+10 error[value] numbers alone are no host name; an IPv4 address is four numbers from 0 to 255 without leading zeros',
    ],
  },
  {
    name: 'a host with its port',
    text: 'client\nremote vpn.example:443\n',
    issues: [
      '2:8+15 error[value] this is no IPv6 address, and a name has no colon | write the host alone, and the port as a word of its own: remote vpn.example 443',
    ],
  },
  {
    name: 'a URL',
    text: 'client\nremote https://vpn.example:8443/\n',
    issues: [
      '2:8+25 error[value] this is no IPv6 address, and a name has no colon | write the host alone, and the port as a word of its own: remote vpn.example 8443',
    ],
  },
  {
    name: 'a URL without a port',
    text: 'client\nremote https://vpn.example\n',
    issues: [
      '2:8+19 error[value] this is no IPv6 address, and a name has no colon | write the host alone: remote vpn.example',
    ],
  },
  {
    name: 'a name in brackets',
    text: 'client\nremote [vpn.example]\n',
    issues: ['2:8+13 error[value] only an IPv6 address stands in brackets | write vpn.example'],
  },
  {
    name: 'an address in brackets with its port',
    text: 'client\nremote [2001:db8::1]:443\n',
    issues: [
      '2:8+17 error[value] this is no IPv6 address, and a name has no colon | write the host alone, and the port as a word of its own: remote [2001:db8::1] 443',
    ],
  },
  {
    name: 'no IPv6 address',
    text: 'client\nremote 2001:db8::12345\n',
    issues: ['2:8+15 error[value] this is no IPv6 address, and a name has no colon'],
  },
  {
    name: 'two dots',
    text: 'client\nremote vpn..example\n',
    issues: ['2:8+12 error[value] a name has no empty label (two dots in a row)'],
  },
  {
    name: 'an empty host',
    text: 'client\nremote ""\n',
    issues: ['2:8+2 error[value] the host is empty'],
  },
  {
    name: 'a blank in a host',
    text: 'client\nremote "vpn example"\n',
    issues: ['2:8+13 error[value] a host has no blanks or control characters'],
  },
  {
    name: 'a control character in a host',
    text: 'client\nremote vpn\u001b[31m.example\n',
    issues: ['2:8+16 error[value] a host has no blanks or control characters'],
  },
  {
    name: 'an international name',
    text: 'client\nremote b\u00fccher.example\n',
    issues: ['2:8+14 error[value] a host is written in ASCII; an international name in its xn-- form'],
  },
  {
    name: 'a label of 64 bytes',
    text: 'client\nremote aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example\n',
    issues: ['2:8+72 error[value] a label has at most 63 bytes, this one has 64'],
  },
  {
    name: 'a name of 254 bytes',
    text: 'client\nremote aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.abcd\n',
    issues: [
      '2:8+254 error[value] a name has at most 253 bytes, this one has 254',
      '2:256+6 warning[syntax] OpenVPN refuses lines of more than 255 characters; this one has 261',
    ],
  },
  {
    name: 'a local shorthand',
    text: 'client\nlocal 127.1\nremote vpn.example\n',
    issues: [
      '2:7+5 error[value] numbers alone are no host name; an IPv4 address is four numbers from 0 to 255 without leading zeros',
    ],
  },
  {
    name: 'remote without a host',
    text: 'client\nremote\n',
    issues: ['2:1+6 error[arity] "remote" needs one value | remote host [port] [proto]'],
  },
  {
    name: 'remote with four values',
    text: 'client\nremote vpn.example 443 tcp extra\n',
    issues: ['2:28+5 error[arity] "remote" takes at most 3 values | remote host [port] [proto]'],
  },
  {
    name: 'no remote',
    text: 'client\nproto tcp\n',
    issues: ['1:1+6 error[value] there is no remote to connect to | add a line: remote HOST [PORT]'],
  },
  {
    name: 'a block without a remote',
    text: 'client\n<connection>\nproto tcp\n</connection>\n',
    issues: ['2:1+12 error[scope] this block has no remote | a <connection> block has exactly one'],
  },
  {
    name: 'a block with two remotes',
    text: 'client\n<connection>\nremote a.example\nremote b.example\n</connection>\n',
    issues: ['4:1+6 error[scope] a <connection> block has exactly one remote | give each remote a block of its own'],
  },
  {
    name: 'a directive that no block takes',
    text: 'client\n<connection>\nremote vpn.example\nresolv-retry 5\n</connection>\n',
    issues: [
      '4:1+12 error[scope] "resolv-retry" cannot stand in a <connection> block | write it outside of the block; it is then true for all',
    ],
  },
  {
    name: 'an ignored directive that no block takes',
    text: 'client\n<connection>\nremote vpn.example\nverb 3\n</connection>\n',
    issues: [
      '4:1+4 error[scope] "verb" cannot stand in a <connection> block | write it outside of the block; it is then true for all',
    ],
  },
  {
    name: '65 remotes',
    text: `client\n${Array.from({ length: 65 }, (_, i) => `remote h${i}.example\n`).join('')}`,
    issues: ['66:1+6 error[value] a configuration has at most 64 remotes'],
  },
  {
    name: 'proto-force leaves nothing',
    text: 'client\nremote vpn.example 1194\nproto-force tcp\n',
    issues: ['3:13+3 error[value] no remote is left: none of them is tcp | proto-force only leaves remotes out'],
  },
  {
    name: 'proto-force with a family',
    text: 'client\nremote vpn.example 1194\nproto-force udp6\n',
    issues: ['3:13+4 error[value] "udp6" forces no protocol alone | write udp'],
  },
  {
    name: 'connect-timeout 0',
    text: 'client\nremote vpn.example 1194\nconnect-timeout 0\n',
    issues: ['3:17+1 error[value] expected seconds greater than 0, not "0"'],
  },
  {
    name: 'server-poll-timeout 0',
    text: 'client\nremote vpn.example 1194\nserver-poll-timeout 0\n',
    issues: ['3:21+1 error[value] expected seconds greater than 0, not "0"'],
  },
  {
    name: 'a time in minutes',
    text: 'client\nremote vpn.example 1194\nconnect-timeout 2m\n',
    issues: [
      '3:17+2 error[value] expected seconds greater than 0, not "2m" | write the number alone; the unit is seconds',
    ],
  },
  {
    name: 'a negative time',
    text: 'client\nremote vpn.example 1194\nresolve-timeout -1\n',
    issues: ['3:17+2 error[value] expected seconds greater than 0, not "-1"'],
  },
  {
    name: 'too long a time',
    text: 'client\nremote vpn.example 1194\nconnect-timeout 99999999\n',
    issues: ['3:17+8 error[value] "99999999" seconds are too long | at most 2147483'],
  },
  {
    name: 'connect-retry 0',
    text: 'client\nremote vpn.example 1194\nconnect-retry 0\n',
    issues: ['3:15+1 error[value] expected seconds from 1 up, not "0"'],
  },
  {
    name: 'connect-retry with a bad maximum',
    text: 'client\nremote vpn.example 1194\nconnect-retry 5 never\n',
    issues: ['3:17+5 error[value] expected seconds from 1 up, not "never"'],
  },
  {
    name: 'connect-retry-max with letters',
    text: 'client\nremote vpn.example 1194\nconnect-retry-max unlimited\n',
    issues: ['3:19+9 error[value] expected a whole number from 0 up, not "unlimited"'],
  },
  {
    name: 'resolv-retry with a word',
    text: 'client\nremote vpn.example 1194\nresolv-retry forever\n',
    issues: ['3:14+7 error[value] expected seconds from 0 up, not "forever" | or "infinite"'],
  },
  {
    name: 'an unknown pacing',
    text: 'client\nremote vpn.example 1194\npacing paralel\n',
    issues: ['3:8+7 error[value] expected sequential or newest, not "paralel"'],
  },
  {
    name: 'a pacing of later',
    text: 'client\nremote vpn.example 1194\npacing lanes\n',
    issues: [
      '3:8+5 error[value] the pacing policy "lanes" is not built yet in this version | use sequential or newest',
    ],
  },
  {
    name: 'too short an attempt-delay',
    text: 'client\nremote vpn.example 1194\nattempt-delay 5\n',
    issues: ['3:15+1 error[value] expected a whole number from 10 to 2147483647, not "5"'],
  },
  {
    name: 'max-in-flight 0',
    text: 'client\nremote vpn.example 1194\nmax-in-flight 0\n',
    issues: ['3:15+1 error[value] expected a whole number from 1 to 100, not "0"'],
  },
  {
    name: 'an unknown order',
    text: 'client\nremote vpn.example 1194\ncandidate-order ipv6\n',
    issues: ['3:17+4 error[value] expected as-returned, interleave, first-other, ipv6-first or ipv4-first, not "ipv6"'],
  },
  {
    name: 'interleave 0',
    text: 'client\nremote vpn.example 1194\ncandidate-order interleave 0\n',
    issues: ['3:28+1 error[value] expected a whole number from 1 to 25, not "0"'],
  },
  {
    name: 'an order with a number too many',
    text: 'client\nremote vpn.example 1194\ncandidate-order ipv6-first 2\n',
    issues: ['3:28+1 error[value] "candidate-order ipv6-first" takes no number'],
  },
  {
    name: 'an unknown confirmation',
    text: 'client\nremote vpn.example 1194\nconfirm ping\n',
    issues: ['3:9+4 error[value] expected none, openvpn or reply, not "ping"'],
  },
  {
    name: 'reply without a text',
    text: 'client\nremote vpn.example 1194\nconfirm reply\n',
    issues: ['3:9+5 error[value] "confirm reply" needs the text to send | confirm reply "hello"'],
  },
  {
    name: 'reply with an empty text',
    text: 'client\nremote vpn.example 1194\nconfirm reply ""\n',
    issues: [
      '3:15+2 error[value] the text of "confirm reply" has 1 to 400 characters, none of them a control character',
    ],
  },
  {
    name: 'none with a text',
    text: 'client\nremote vpn.example 1194\nconfirm none please\n',
    issues: ['3:14+6 error[value] "confirm none" takes no text'],
  },
  {
    name: 'reply over TCP',
    text: 'client\nremote vpn.example 443 tcp\nconfirm reply hello\n',
    issues: ['3:9+5 error[value] "confirm reply" works over UDP only'],
  },
  {
    name: 'a key direction of 2',
    text: 'client\nremote vpn.example 1194\nkey-direction 2\n',
    issues: ['3:15+1 error[value] a key direction is 0 or 1, not "2" | clients mostly have 1'],
  },
  {
    name: 'a tls-auth direction of 2',
    text: 'client\nremote vpn.example 1194\ntls-auth ta.key 2\n',
    issues: [
      '3:10+6 error[key] cannot read this key file: no such file',
      '3:17+1 error[value] a key direction is 0 or 1, not "2" | clients mostly have 1',
    ],
  },
  {
    name: 'a key file that is not there',
    text: 'client\nremote vpn.example 1194\ntls-auth ta.key 1\n',
    issues: ['3:10+6 error[key] cannot read this key file: no such file'],
  },
  {
    name: 'a key that is a certificate',
    text: 'client\nremote vpn.example 1194\n<tls-crypt>\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n</tls-crypt>\n',
    issues: [
      '3:1+11 error[key] a static key begins with "-----BEGIN OpenVPN Static key V1-----" | this is another kind of key or certificate',
    ],
  },
  {
    name: 'a tls-crypt-v2 key as tls-crypt',
    text: 'client\nremote vpn.example 1194\n<tls-crypt>\n-----BEGIN OpenVPN tls-crypt-v2 client key-----\nMIIB\n-----END OpenVPN tls-crypt-v2 client key-----\n</tls-crypt>\n',
    issues: [
      '3:1+11 error[key] a static key begins with "-----BEGIN OpenVPN Static key V1-----" | this is a tls-crypt-v2 key: write `tls-crypt-v2`',
    ],
  },
  {
    name: 'a key that is cut off',
    text: 'client\nremote vpn.example 1194\n<tls-auth>\n-----BEGIN OpenVPN Static key V1-----\n00112233\n</tls-auth>\n',
    issues: [
      '3:1+10 error[key] a static key ends with "-----END OpenVPN Static key V1-----" | the file seems to be cut off',
    ],
  },
  {
    name: 'a key that is too short',
    text: 'client\nremote vpn.example 1194\n<tls-auth>\n-----BEGIN OpenVPN Static key V1-----\n00112233\n-----END OpenVPN Static key V1-----\n</tls-auth>\n',
    issues: [
      '3:1+10 error[key] a static key has 512 hexadecimal digits, this one has 8 | make one with: openvpn --genkey secret FILE',
    ],
  },
  {
    name: 'a key that is not hexadecimal',
    text: 'client\nremote vpn.example 1194\n<tls-auth>\n-----BEGIN OpenVPN Static key V1-----\nsecretsecret\n-----END OpenVPN Static key V1-----\n</tls-auth>\n',
    issues: [
      '3:1+10 error[key] a static key consists of hexadecimal digits | make one with: openvpn --genkey secret FILE',
    ],
  },
  {
    name: 'a printed key without its vault',
    text: 'client\nremote vpn.example 1194\ntls-crypt [[INLINE]]\n',
    issues: ['3:11+10 error[key] the key itself is not here | put it between <tls-crypt> and </tls-crypt>'],
  },
  {
    name: 'two kinds of keys',
    text: 'client\nremote vpn.example 1194\ntls-auth a.key\ntls-crypt b.key\n',
    issues: [
      '3:10+5 error[key] cannot read this key file: no such file',
      '4:1+9 error[key] "tls-auth" and "tls-crypt" exclude each other | keep the one that the server has',
    ],
  },
  {
    name: 'a digest that cannot sign',
    text: 'client\nremote vpn.example 1194\nauth none\n<tls-auth>\n@KEY@</tls-auth>\n',
    issues: [
      '3:6+4 error[value] "none" is no digest that can sign "tls-auth" | write the digest that the server has, for example SHA1, SHA256 or SHA512',
    ],
  },
  {
    name: 'a misspelt directive',
    text: 'client\nremtoe vpn.example\nremote vpn.example\n',
    issues: ['2:1+6 error[unknown] there is no directive "remtoe" | did you mean "remote"?'],
  },
  {
    name: 'another misspelt directive',
    text: 'client\nremote vpn.example 1194\nconect-timeout 5\n',
    issues: ['3:1+14 error[unknown] there is no directive "conect-timeout" | did you mean "connect-timeout"?'],
  },
  {
    name: 'nothing near',
    text: 'client\nremote vpn.example 1194\nxyzzy 1\n',
    issues: [
      '3:1+5 error[unknown] this is no directive | names are in small letters; where this is none, a line above may be cut in two',
    ],
  },
  {
    name: 'what may be a password is not taken for a directive that is near',
    text: 'client\nremote vpn.example 1194\nS3cr3t\nSecret x\ns3cret\nrole\nnobnd\nsecrets\nservers\npresist-tun\n',
    issues: [
      '3:1+6 error[unknown] this is no directive | names are in small letters; where this is none, a line above may be cut in two',
      '4:1+6 error[unknown] this is no directive | names are in small letters; where this is none, a line above may be cut in two',
      '5:1+6 error[unknown] this is no directive | names are in small letters; where this is none, a line above may be cut in two',
      '6:1+4 error[unknown] this is no directive | names are in small letters; where this is none, a line above may be cut in two',
      '7:1+5 error[unknown] there is no directive "nobnd" | did you mean "nobind"?',
      '8:1+7 error[unknown] this is no directive | names are in small letters; where this is none, a line above may be cut in two',
      '9:1+7 error[unknown] this is no directive | names are in small letters; where this is none, a line above may be cut in two',
      '10:1+11 error[unknown] there is no directive "presist-tun" | did you mean "persist-tun"?',
    ],
  },
  {
    name: 'a value behind =',
    text: 'client\nremote vpn.example 1194\n',
    options: { argv: ['--proto=tcp', '--frobnicate'] },
    issues: [
      'command line 1+11 error[unknown] this is no directive | a value is a word of its own: --name value',
      'command line: --frobnicate 1+12 error[unknown] there is no directive "frobnicate"',
    ],
  },
  {
    name: 'mark',
    text: 'client\nremote vpn.example 1194\nmark 5\n',
    issues: [
      '3:1+4 error[refused] "mark" is not honoured: routing rules may send marked packets another way | --allow-ignored mark reads on without it',
    ],
  },
  {
    name: 'bind-dev',
    text: 'client\nremote vpn.example 1194\nbind-dev eth0\n',
    issues: [
      '3:1+8 error[refused] "bind-dev" is not honoured: it ties the socket to one network device | --allow-ignored bind-dev reads on without it',
    ],
  },
  {
    name: 'port-share',
    text: 'client\nremote vpn.example 1194\nport-share 127.0.0.1 443\n',
    issues: [
      '3:1+10 error[refused] "port-share" is not honoured: it hands foreign connections on to another server | --allow-ignored port-share reads on without it',
    ],
  },
  {
    name: 'management-query-remote',
    text: 'client\nremote vpn.example 1194\nmanagement-query-remote\n',
    issues: [
      '3:1+23 error[refused] "management-query-remote" is not honoured: another program would choose the remote | --allow-ignored management-query-remote reads on without it',
    ],
  },
  {
    name: 'ip-remote-hint',
    text: 'client\nremote vpn.example 1194\nip-remote-hint 198.51.100.1\n',
    issues: [
      '3:1+14 error[refused] "ip-remote-hint" is not honoured: its address would replace the remote | --allow-ignored ip-remote-hint reads on without it',
    ],
  },
  {
    name: 'an open double quotation',
    text: 'client\nremote "vpn.example 443\n',
    issues: ['2:8+16 error[syntax] the quotation that opens with " is not closed | write " behind its last word'],
  },
  {
    name: 'an open single quotation',
    text: "client\nremote 'vpn.example 443\n",
    issues: ["2:8+16 error[syntax] the quotation that opens with ' is not closed | write ' behind its last word"],
  },
  {
    name: 'a lone backslash',
    text: 'client\nremote vpn.example 1194\nca c:\\keys\\ca.crt\n',
    issues: [
      "3:6+2 error[syntax] a backslash stands only before a backslash, a double quote or a blank | write \\\\ for one backslash, or put the word into 'single quotes'",
    ],
  },
  {
    name: 'a backslash at the end',
    text: 'client\nremote vpn.example 1194\nca ca.crt\\\n',
    issues: [
      "3:10+1 error[syntax] a backslash stands only before a backslash, a double quote or a blank | write \\\\ for one backslash, or put the word into 'single quotes'",
    ],
  },
  {
    name: 'seventeen words',
    text: 'client\nremote vpn.example 1194\nroute-up 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n',
    issues: ['3:45+2 error[syntax] a line has at most 16 words | quote what belongs together: "one word"'],
  },
  {
    name: 'too long a line',
    text: `client\nremote vpn.example 1194\n# ${'x'.repeat(1100)}\n`,
    issues: [
      '3:1025+78 error[syntax] a line has at most 1024 characters, this one has 1102 | keys and certificates belong into blocks like <ca>',
    ],
  },
  {
    name: 'an unclosed block',
    text: 'client\nremote vpn.example 1194\n<ca>\n-----BEGIN CERTIFICATE-----\n',
    issues: ['3:1+4 error[syntax] <ca> is never closed | write </ca> on a line of its own where it ends'],
  },
  {
    name: 'an unclosed connection',
    text: 'client\n<connection>\nremote a.example\n<connection>\nremote b.example\n</connection>\n',
    issues: [
      '2:1+12 error[syntax] <connection> is never closed | write </connection> on a line of its own where it ends',
    ],
  },
  {
    name: 'a block that is closed by another name',
    text: 'client\nremote vpn.example 1194\n<ca>\nMIIB\n</cert>\n<key>\nMIIB\n</key>\n',
    issues: ['3:1+4 error[syntax] <ca> is never closed | write </ca> on a line of its own where it ends'],
  },
  {
    name: 'an end with a slip of the pen',
    text: 'client\n<connection>\nremote a.example\n</conection>\nport 0\n',
    issues: [
      '4:1+12 error[syntax] </conection> closes nothing | did you mean </connection>?',
      '5:6+1 error[value] a port is a number from 1 to 65535, not "0" | port 0 means "any", and only a local port can be that',
    ],
  },
  {
    name: 'an end without a beginning',
    text: 'client\nremote vpn.example 1194\n</ca>\n',
    issues: ['3:1+5 error[syntax] </ca> closes nothing | the block is not open here; remove the line'],
  },
  {
    name: 'a value in brackets',
    text: 'client\nremote vpn.example 1194\n<proto>\nudp\n</proto>\n',
    issues: ['3:1+7 error[syntax] <proto> is no block | write it on one line: proto udp|tcp'],
  },
  {
    name: 'a block with text behind its tag',
    text: 'client\nremote vpn.example 1194\n<ca>MIIB\n',
    issues: ['3:1+8 error[unknown] this is no directive | a block opens with <name> alone on its line'],
  },
  {
    name: 'a key outside of a block',
    text: 'client\nremote vpn.example 1194\n-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\nproto sctp\n-----END PRIVATE KEY-----\nverb 3\n',
    issues: [
      '3:1+10 error[syntax] a key or certificate stands outside of a block | put it into a block: <ca>, <cert>, <key>, <tls-auth> or <tls-crypt>',
    ],
  },
  {
    name: 'a NUL character',
    text: 'client\nremote vpn\u0000.example\n',
    issues: ['2:11+1 error[syntax] there is a NUL character: this is no text | save the file as UTF-8'],
  },
  {
    name: 'a file saved as UTF-16',
    text: 'c\u0000l\u0000i\u0000e\u0000n\u0000t\u0000\n\u0000',
    issues: ['1:2+1 error[syntax] there is a NUL character: this is no text | save the file as UTF-8'],
  },
  {
    name: 'an include that cannot be read',
    text: 'client\nremote vpn.example 1194\nconfig more.conf\n',
    issues: ['3:8+9 error[source] cannot read this file: no such file'],
  },
  {
    name: 'an include of itself',
    text: 'client\nremote vpn.example 1194\nconfig loop.conf\n',
    issues: ['loop.conf:1:8+9 error[source] files include each other more than 10 deep | does it include itself?'],
  },
  {
    name: 'a problem in an included file',
    text: 'client\nremote vpn.example 1194\nconfig broken.conf\n',
    issues: [
      'broken.conf:2:6+1 error[value] a port is a number from 1 to 65535, not "0" | port 0 means "any", and only a local port can be that',
    ],
  },
  {
    name: 'a bad value on the command line',
    text: 'client\nremote vpn.example 1194\n',
    options: { argv: ['--proto', 'sctp'] },
    issues: ['command line: --proto 9+4 error[value] "sctp" is no protocol | write udp or tcp'],
  },
  {
    name: 'a word before any directive',
    text: 'client\nremote vpn.example 1194\n',
    options: { argv: ['vpn.example', '--proto', 'tcp'] },
    issues: [
      'command line 1+11 error[source] "vpn.example" belongs to no directive | directives begin with --, as in --proto tcp',
    ],
  },
  {
    name: 'an unknown directive on the command line',
    text: 'client\nremote vpn.example 1194\n',
    options: { argv: ['--porto', 'tcp'] },
    issues: ['command line: --porto 1+7 error[unknown] there is no directive "porto" | did you mean "proto"?'],
  },
  {
    name: 'both families on the command line',
    text: 'client\nremote vpn.example 1194\n',
    options: { argv: ['--ipv4', '--ipv6'] },
    issues: [
      'command line: --ipv4 1+6 error[R1] ipv4 and ipv6 are both forced here | keep one of them; with neither, both families are used',
    ],
  },
  {
    name: 'a secret beside a problem',
    text: 'client\nremote vpn.example 1194\nauth-token "s3cret\n',
    issues: ['3:12+7 error[syntax] the quotation that opens with " is not closed | write " behind its last word'],
  },
  {
    name: 'an empty file',
    text: '',
    issues: [
      'client.ovpn 1+1 error[mode] there is nothing in this configuration | begin with: client, mode server or mode p2p',
    ],
  },
  {
    name: 'several problems at once',
    text: 'client\nproto sctp\nremote 127.1 https\nfrobnicate\n<connection>\n</connection>\n<ca>\n',
    issues: [
      '2:7+4 error[value] "sctp" is no protocol | write udp or tcp',
      '3:1+6 warning[scope] this remote is ignored: there are <connection> blocks',
      '3:8+5 error[value] numbers alone are no host name; an IPv4 address is four numbers from 0 to 255 without leading zeros',
      '3:14+5 error[value] a port is a number from 1 to 65535, not "https" | write its number: names of services are not looked up',
      '4:1+10 error[unknown] this is no directive | names are in small letters; where this is none, a line above may be cut in two',
      '5:1+12 error[scope] this block has no remote | a <connection> block has exactly one',
      '7:1+4 error[syntax] <ca> is never closed | write </ca> on a line of its own where it ends',
    ],
  },
]

/** Configurations of servers that are wrong, in the manner of `bad-configurations.ts`. */
import type { Bad } from './bad-configurations.ts'

export const BAD_SERVERS: readonly Bad[] = [
  {
    name: 'R8 one address twice',
    text: 'mode server\nlocal 198.51.100.1 1194 udp\nlocal 198.51.100.1 1194 udp\n',
    issues: [
      '3:1+5 error[R8] udp 198.51.100.1:1194 (line 2) and udp 198.51.100.1:1194 (line 3) cannot both be bound | remove one of them',
    ],
  },
  {
    name: 'R8 two blocks that are alike',
    text: 'mode server\n<listen>\nproto tcp\nport 443\n</listen>\n<listen>\nproto tcp\nport 443\n</listen>\n',
    issues: ['6:1+8 error[R8] tcp *:443 (line 2) and tcp *:443 (line 6) cannot both be bound | remove one of them'],
  },
  {
    name: 'R8 three blocks that are alike',
    text: 'mode server\n<listen>\n</listen>\n<listen>\n</listen>\n<listen>\n</listen>\n',
    issues: [
      '4:1+8 error[R8] udp *:1194 (line 2) and udp *:1194 (line 4) cannot both be bound | remove one of them',
      '6:1+8 error[R8] udp *:1194 (line 2) and udp *:1194 (line 6) cannot both be bound | remove one of them',
    ],
  },
  {
    name: 'R8 an address under a wildcard',
    text: 'mode server\nlocal * 443 tcp\nlocal 198.51.100.1 443 tcp\n',
    issues: [
      '3:1+5 error[R8] tcp *:443 (line 2) and tcp 198.51.100.1:443 (line 3) cannot both be bound | a wildcard takes every address of its family',
    ],
  },
  {
    name: 'R8 a wildcard over an address',
    text: 'mode server\nlocal 2001:db8::1 443 tcp\nlocal * 443 tcp\n',
    issues: [
      '3:1+5 error[R8] tcp [2001:db8::1]:443 (line 2) and tcp *:443 (line 3) cannot both be bound | a wildcard takes every address of its family',
    ],
  },
  {
    name: 'R8 a wildcard of one family over an address',
    text: 'mode server\n<listen>\nlocal 0.0.0.0\n</listen>\n<listen>\nlocal 198.51.100.1\n</listen>\n',
    issues: [
      '5:1+8 error[R8] udp 0.0.0.0:1194 (line 2) and udp 198.51.100.1:1194 (line 5) cannot both be bound | a wildcard takes every address of its family',
    ],
  },
  {
    name: 'R8 :: alone is both wildcards',
    text: 'mode server\nlocal ::\nlocal 198.51.100.1\n',
    issues: [
      '3:1+5 error[R8] udp *:1194 (line 2) and udp 198.51.100.1:1194 (line 3) cannot both be bound | a wildcard takes every address of its family',
    ],
  },
  {
    name: 'R8 a forced family is still a wildcard',
    text: 'mode server\n<listen>\nipv6\n</listen>\n<listen>\nlocal 2001:db8::1\n</listen>\n',
    issues: [
      '5:1+8 error[R8] udp [::]:1194 (line 2) and udp [2001:db8::1]:1194 (line 5) cannot both be bound | a wildcard takes every address of its family',
    ],
  },
  {
    name: 'R8 ipv6only is still a wildcard',
    text: 'mode server\n<listen>\nbind ipv6only\nlocal ::\n</listen>\n<listen>\nlocal ::1\n</listen>\n',
    issues: [
      '6:1+8 error[R8] udp [::]:1194 (line 2) and udp [::1]:1194 (line 6) cannot both be bound | a wildcard takes every address of its family',
    ],
  },
  {
    name: 'R8 two spellings of one address',
    text: 'mode server\nlocal 2001:db8::1\nlocal 2001:0DB8:0::0001\n',
    issues: [
      '3:1+5 error[R8] udp [2001:db8::1]:1194 (line 2) and udp [2001:db8::1]:1194 (line 3) cannot both be bound | remove one of them',
    ],
  },
  {
    name: 'R8 one name twice',
    text: 'mode server\nlocal vpn.example\nlocal VPN.example\n',
    issues: [
      '3:1+5 error[R8] udp vpn.example:1194 (line 2) and udp vpn.example:1194 (line 3) cannot both be bound | remove one of them',
    ],
  },
  {
    name: 'R8 one name, once for both families',
    text: 'mode server\n<listen>\nlocal vpn.example\nipv4\n</listen>\n<listen>\nlocal vpn.example\n</listen>\n',
    issues: [
      '6:1+8 error[R8] udp vpn.example:1194 (line 2) and udp vpn.example:1194 (line 6) cannot both be bound | remove one of them',
    ],
  },
  {
    name: 'R8 ports from everywhere',
    text: 'mode server\n<listen>\nlport 443\n</listen>\n<listen>\nport 443\n</listen>\n<listen>\nlocal * 443\n</listen>\nport 1194\n',
    issues: [
      '5:1+8 error[R8] udp *:443 (line 2) and udp *:443 (line 5) cannot both be bound | remove one of them',
      '8:1+8 error[R8] udp *:443 (line 2) and udp *:443 (line 8) cannot both be bound | remove one of them',
    ],
  },
  {
    name: 'R8 one port from the globals',
    text: 'mode server\n<listen>\nproto udp\nport 443\n</listen>\n<listen>\nproto udp\n</listen>\nlport 443\n',
    issues: ['6:1+8 error[R8] udp *:443 (line 2) and udp *:443 (line 6) cannot both be bound | remove one of them'],
  },
  {
    name: 'R8 a clash with the command line',
    text: 'mode server\nlocal 198.51.100.1\n',
    options: { argv: ['--local', '198.51.100.1'] },
    issues: [
      'command line: --local 1+7 error[R8] udp 198.51.100.1:1194 (server.conf:2) and udp 198.51.100.1:1194 (command line: --local) cannot both be bound | remove one of them',
    ],
  },
  {
    name: 'R8 a clash on the command line',
    text: 'mode server\n',
    options: { argv: ['--local', '*', '443', '--local', '::', '443'] },
    issues: [
      'command line: --local 1+7 error[R8] udp *:443 (command line: --local) and udp *:443 (command line: --local) cannot both be bound | remove one of them',
    ],
  },
  {
    name: 'R8 a clash with an included file',
    text: 'mode server\nlocal *\nconfig local.conf\n',
    issues: [
      'local.conf:1:1+5 error[R8] udp *:1194 (server.conf:2) and udp 198.51.100.1:1194 (line 1) cannot both be bound | a wildcard takes every address of its family',
    ],
  },
  {
    name: 'R8 a clash within an included file',
    text: 'mode server\nconfig locals.conf\n',
    issues: [
      'locals.conf:3:1+5 error[R8] udp [::1]:1194 (line 2) and udp [::1]:1194 (line 3) cannot both be bound | remove one of them',
    ],
  },
  {
    name: 'R8 a clash beside another problem',
    text: 'mode server\nlocal 198.51.100.1\nlocal 198.51.100.1\nmax-clients 0\nlocal 127.1\n',
    issues: [
      '3:1+5 error[R8] udp 198.51.100.1:1194 (line 2) and udp 198.51.100.1:1194 (line 3) cannot both be bound | remove one of them',
      '4:13+1 error[value] expected a whole number from 1 to 1000000, not "0"',
      '5:7+5 error[value] numbers alone are no host name; an IPv4 address is four numbers from 0 to 255 without leading zeros',
    ],
  },
  {
    name: 'R8 what could not be read clashes with nothing',
    text: 'mode server\n<listen>\nproto sctp\n</listen>\n<listen>\n</listen>\n<listen>\nport x\n</listen>\n<listen>\nlport x\n</listen>\n<listen>\nlocal x y\n</listen>\n<listen>\nlocal 127.1\n</listen>\n',
    issues: [
      '3:7+4 error[value] "sctp" is no protocol | write udp or tcp',
      '8:6+1 error[value] a port is a number from 0 to 65535, not "x"',
      '11:7+1 error[value] a port is a number from 0 to 65535, not "x"',
      '14:9+1 error[value] a port is a number from 0 to 65535, not "y"',
      '17:7+5 error[value] numbers alone are no host name; an IPv4 address is four numbers from 0 to 255 without leading zeros',
    ],
  },
  {
    name: 'R8 nor does a word that could not',
    text: 'mode server\n<listen>\nipv4\n</listen>\n<listen>\nbind ipv6-only\n</listen>\n',
    issues: ['6:6+9 error[value] expected ipv6only, not "ipv6-only" | did you mean "ipv6only"?'],
  },
  {
    name: 'R8 nor what inherits it',
    text: 'mode server\nproto sctp\n<listen>\nport 1\n</listen>\n<listen>\nport 1\n</listen>\n',
    issues: ['2:7+4 error[value] "sctp" is no protocol | write udp or tcp'],
  },
  {
    name: 'R8 listen without a mode',
    text: '<listen>\nport 443\n</listen>\n',
    issues: [
      '1:1+8 error[R8] <listen> is for servers, and without "mode server" this is a peer\'s configuration | add a line: mode server',
    ],
  },
  {
    name: 'R8 listen beside a remote',
    text: 'remote vpn.example\n<listen>\nport 443\n</listen>\n',
    issues: [
      '2:1+8 error[R8] <listen> is for servers, and without "mode server" this is a peer\'s configuration | add a line: mode server',
    ],
  },
  {
    name: 'R8 listen in a client',
    text: 'client\nremote vpn.example\n<listen>\nproto tcp\nremote x\n</listen>\n',
    issues: ['3:1+8 error[R8] <listen> is for servers, and this is a client\'s configuration | remove it, or "client"'],
  },
  {
    name: 'R8 two locals in a block',
    text: 'mode server\n<listen>\nlocal 198.51.100.1\nlocal 198.51.100.2\n</listen>\n',
    issues: ['4:1+5 error[scope] a <listen> block has at most one local | give each address a block of its own'],
  },
  {
    name: 'R8 65 blocks',
    text: `mode server\n${Array.from({ length: 65 }, (_, i) => `local 198.51.100.1 ${1000 + i}\n`).join('')}`,
    issues: ['66:1+5 error[value] a server has at most 64 blocks to listen on'],
  },
  {
    name: 'R8 a directive that no listen block takes',
    text: 'mode server\n<listen>\nport 443\nmax-clients 5\n</listen>\n',
    issues: [
      '4:1+11 error[scope] "max-clients" cannot stand in a <listen> block | write it outside of the block; it is then true for all',
    ],
  },
  {
    name: 'R8 an ignored directive that no listen block takes',
    text: 'mode server\n<listen>\nverb 3\n</listen>\n',
    issues: [
      '3:1+4 error[scope] "verb" cannot stand in a <listen> block | write it outside of the block; it is then true for all',
    ],
  },
  {
    name: 'R8 a listen block that is never closed',
    text: 'mode server\n<listen>\nport 443\n<listen>\nport 444\n</listen>\n',
    issues: ['2:1+8 error[syntax] <listen> is never closed | write </listen> on a line of its own where it ends'],
  },
  {
    name: 'R8 listen without brackets',
    text: 'mode server\nlisten 443\n',
    issues: ['2:1+6 error[unknown] there is no directive "listen" | a block opens with <listen>'],
  },
  {
    name: 'R8 an unknown directive in a block',
    text: 'mode server\n<listen>\nprto tcp\nport 443\n</listen>\n<listen>\nport 443\n</listen>\n',
    issues: ['3:1+4 error[unknown] there is no directive "prto" | did you mean "proto"?'],
  },
  {
    name: 'R1 both families in one block',
    text: 'mode server\n<listen>\nipv4\nipv6\n</listen>\n',
    issues: [
      '4:1+4 error[R1] ipv4 and ipv6 are both forced here | keep one of them; with neither, both families are used',
    ],
  },
  {
    name: 'R1 ipv4 and ipv6only',
    text: 'mode server\nbind ipv6only\nipv4\n',
    issues: [
      '3:1+4 error[R1] ipv4 and ipv6 are both forced here | keep one of them; with neither, both families are used',
    ],
  },
  {
    name: 'R1 ipv4 and an old spelling of the other',
    text: 'mode server\nproto udp6\nipv4\n',
    issues: [
      '2:7+4 warning[R1] "udp6" is an old spelling, which forces no family in a server | write "proto udp"; for IPv6 alone, also "ipv6" on a line of its own',
      '3:1+4 error[R1] ipv4 and ipv6 are both forced here | keep one of them; with neither, both families are used',
    ],
  },
  {
    name: 'R1 an old spelling and ipv6',
    text: 'mode server\nproto tcp4-server\nipv6\n',
    issues: [
      '2:7+11 warning[R1] "tcp4-server" is an old spelling of a protocol and a family | write "proto tcp-server" and, on a line of its own, "ipv4"',
      '3:1+4 error[R1] ipv6 and ipv4 are both forced here | keep one of them; with neither, both families are used',
    ],
  },
  {
    name: 'R1 a literal of the other family than the global one',
    text: 'mode server\nipv6\nlocal 198.51.100.1\n',
    issues: ['3:7+12 error[R1] 198.51.100.1 is no ipv6 address, but ipv6 is forced'],
  },
  {
    name: 'R1 a literal of the other family than its block',
    text: 'mode server\n<listen>\nlocal 198.51.100.1\nbind ipv6only\n</listen>\n',
    issues: ['3:7+12 error[R1] 198.51.100.1 is no ipv6 address, but ipv6 is forced'],
  },
  {
    name: 'R1 a literal of the other family than its own suffix',
    text: 'mode server\nlocal 2001:db8::1 443 tcp4\n',
    issues: [
      '2:7+11 error[R1] 2001:db8::1 is no ipv4 address, but ipv4 is forced',
      '2:23+4 warning[R1] "tcp4" is an old spelling of a protocol and a family | write "tcp", and "ipv4" on a line of its own: for this address alone, both in a <listen> block',
    ],
  },
  {
    name: 'R1 :: under ipv4',
    text: 'mode server\nipv4\nlocal ::\n',
    issues: ['3:7+2 error[R1] :: is no ipv4 address, but ipv4 is forced'],
  },
  {
    name: 'R1 a mapped local address',
    text: 'mode server\nlocal ::ffff:198.51.100.1\n',
    issues: ['2:7+19 error[R1] a mapped address cannot be bound | the IPv4 address in it is 198.51.100.1'],
  },
  {
    name: 'R1 an old spelling under --strict',
    text: 'server 10.8.0.0 255.255.255.0\nproto udp6\n',
    options: { strict: true },
    issues: [
      '2:7+4 error[R1] "udp6" is an old spelling, which forces no family in a server | write "proto udp"; for IPv6 alone, also "ipv6" on a line of its own',
    ],
  },
  {
    name: 'R1 an old spelling of a local under --strict',
    text: 'server 10.8.0.0 255.255.255.0\nlocal * 443 tcp4-server\n',
    options: { strict: true },
    issues: [
      '2:13+11 error[R1] "tcp4-server" is an old spelling of a protocol and a family | write "tcp-server", and "ipv4" on a line of its own: for this address alone, both in a <listen> block',
    ],
  },
  {
    name: 'R1 an unknown protocol',
    text: 'server 10.8.0.0 255.255.255.0\nproto sctp\n',
    issues: ['2:7+4 error[value] "sctp" is no protocol | write udp or tcp'],
  },
  {
    name: 'R1 an unknown protocol of a local',
    text: 'server 10.8.0.0 255.255.255.0\nlocal * 443 tpc\n',
    issues: ['2:13+3 error[value] "tpc" is no protocol | write udp or tcp'],
  },
  {
    name: 'R1 a protocol that dials',
    text: 'server 10.8.0.0 255.255.255.0\nproto tcp-client\n',
    issues: ['2:7+10 error[mode] "tcp-client" dials, and this is a server\'s configuration | write tcp'],
  },
  {
    name: 'R1 an old one that dials',
    text: 'mode server\nlocal 198.51.100.1 443 tcp4-client\n',
    issues: ['2:24+11 error[mode] "tcp4-client" dials, and this is a server\'s configuration | write tcp'],
  },
  {
    name: 'R2 bind with an unknown word',
    text: 'mode server\nbind ipv6-only\n',
    issues: ['2:6+9 error[value] expected ipv6only, not "ipv6-only" | did you mean "ipv6only"?'],
  },
  {
    name: 'R2 a port out of range',
    text: 'mode server\nlport 65536\n',
    issues: ['2:7+5 error[value] a port is a number from 0 to 65535, not "65536"'],
  },
  {
    name: 'R2 a service name',
    text: 'mode server\nport https\n',
    issues: [
      '2:6+5 error[value] a port is a number from 0 to 65535, not "https" | write its number: names of services are not looked up',
    ],
  },
  {
    name: 'R2 the protocol in place of the port',
    text: 'mode server\nlocal 198.51.100.1 udp\n',
    issues: ['2:20+3 error[value] a port is a number from 0 to 65535, not "udp" | the port stands before the protocol'],
  },
  {
    name: 'R2 a bad port, and one that would clash with the default',
    text: 'mode server\nlocal 198.51.100.1 x\nlocal 198.51.100.1\n',
    issues: ['2:20+1 error[value] a port is a number from 0 to 65535, not "x"'],
  },
  {
    name: 'R2 a host with its port',
    text: 'mode server\nlocal 198.51.100.1:443\n',
    issues: [
      '2:7+16 error[value] this is no IPv6 address, and a name has no colon | write the host alone, and the port as a word of its own: local 198.51.100.1 443',
    ],
  },
  {
    name: 'R2 a URL',
    text: 'mode server\nlocal https://vpn.example:443\n',
    issues: [
      '2:7+23 error[value] this is no IPv6 address, and a name has no colon | write the host alone, and the port as a word of its own: local vpn.example 443',
    ],
  },
  {
    name: 'R2 a shorthand',
    text: 'mode server\nlocal 127.1\n',
    issues: [
      '2:7+5 error[value] numbers alone are no host name; an IPv4 address is four numbers from 0 to 255 without leading zeros',
    ],
  },
  {
    name: 'R2 a name in brackets',
    text: 'mode server\nlocal [vpn.example]\n',
    issues: ['2:7+13 error[value] only an IPv6 address stands in brackets | write vpn.example'],
  },
  {
    name: 'R2 local without a host',
    text: 'mode server\nlocal\n',
    issues: ['2:1+5 error[arity] "local" needs one value | local host [port] [proto]'],
  },
  {
    name: 'R2 local with four values',
    text: 'mode server\nlocal * 443 tcp ipv6\n',
    issues: ['2:17+4 error[arity] "local" takes at most 3 values | local host [port] [proto]'],
  },
  {
    name: 'a server that dials',
    text: 'server 10.8.0.0 255.255.255.0\nremote vpn.example 1194\n',
    issues: [
      '2:1+6 error[mode] "remote" is for clients, and this is a server\'s configuration | a server waits for its clients; to bind an address write: local HOST [PORT]',
    ],
  },
  {
    name: 'a server with connections',
    text: 'mode server\n<connection>\nremote vpn.example\n</connection>\n',
    issues: [
      "2:1+12 error[mode] <connection> is for clients, and this is a server's configuration | the blocks of a server are <listen> blocks",
    ],
  },
  {
    name: 'a remote in a listen block',
    text: 'mode server\n<listen>\nremote vpn.example\n</listen>\n',
    issues: [
      '3:1+6 error[mode] "remote" is for clients, and this is a server\'s configuration | a server waits for its clients; to bind an address write: local HOST [PORT]',
    ],
  },
  {
    name: 'nobind',
    text: 'server 10.8.0.0 255.255.255.0\nnobind\n',
    issues: [
      '2:1+6 error[mode] "nobind" is for clients, and this is a server\'s configuration | a server always binds: remove it',
    ],
  },
  {
    name: 'nobind in a block',
    text: 'mode server\n<listen>\nnobind\n</listen>\n',
    issues: [
      '3:1+6 error[mode] "nobind" is for clients, and this is a server\'s configuration | a server always binds: remove it',
    ],
  },
  {
    name: 'confirm',
    text: 'mode server\nconfirm openvpn\n',
    issues: [
      '2:1+7 error[mode] "confirm" is for clients, and this is a server\'s configuration | a server sends nothing before a client does: remove it',
    ],
  },
  {
    name: 'pull',
    text: 'server 10.8.0.0 255.255.255.0\npull\n',
    issues: ['2:1+4 error[mode] "pull" is for clients, and this is a server\'s configuration | remove it, or "server"'],
  },
  {
    name: 'tls-client',
    text: 'mode server\ntls-client\n',
    issues: [
      '2:1+10 error[mode] "tls-client" is for clients, and this is a server\'s configuration | remove it, or "mode server"',
    ],
  },
  {
    name: 'a client and a server',
    text: 'client\nserver 10.8.0.0 255.255.255.0\nremote vpn.example\n',
    issues: [
      '2:1+6 error[mode] "server" is for servers, and this is a client\'s configuration | remove it, or "client"',
    ],
  },
  {
    name: 'a client in mode server',
    text: 'mode server\nclient\nremote vpn.example\n',
    issues: [
      '1:1+4 error[mode] "mode server" is for servers, and this is a client\'s configuration | remove it, or "client"',
    ],
  },
  {
    name: 'mode client and tls-server',
    text: 'mode client\ntls-server\nremote vpn.example\n',
    issues: [
      '2:1+10 error[mode] "tls-server" is for servers, and this is a client\'s configuration | remove it, or "mode client"',
    ],
  },
  {
    name: 'a client with an address pool',
    text: 'client\nremote vpn.example\nserver-ipv6 2001:db8::/64\nserver-bridge\n',
    issues: [
      '3:1+11 error[mode] "server-ipv6" is for servers, and this is a client\'s configuration | remove it, or "client"',
      '4:1+13 error[mode] "server-bridge" is for servers, and this is a client\'s configuration | remove it, or "client"',
    ],
  },
  {
    name: 'limits in a client',
    text: 'client\nremote vpn.example\nconnect-freq 3 10\nconnect-freq-source 3 10\nbind-policy any\nmax-pending 3\namplification-limit\n',
    issues: [
      '3:1+12 error[mode] "connect-freq" is for servers, and this is a client\'s configuration | remove it, or "client"',
      '4:1+19 error[mode] "connect-freq-source" is for servers, and this is a client\'s configuration | remove it, or "client"',
      '5:1+11 error[mode] "bind-policy" is for servers, and this is a client\'s configuration | remove it, or "client"',
      '6:1+11 error[mode] "max-pending" is for servers, and this is a client\'s configuration | remove it, or "client"',
      '7:1+19 error[mode] "amplification-limit" is for servers, and this is a client\'s configuration | remove it, or "client"',
    ],
  },
  {
    name: 'limits without a mode',
    text: 'port 1194\nmax-clients 10\n',
    issues: [
      '2:1+11 error[mode] "max-clients" is for servers, and without "mode server" this is a peer\'s configuration | add a line: mode server',
    ],
  },
  {
    name: 'p2p-sockets',
    text: 'mode server\np2p-sockets all\n',
    issues: [
      '2:1+11 error[mode] "p2p-sockets" is for peers, and this is a server\'s configuration | remove it, or "mode server"',
    ],
  },
  {
    name: 'an unknown mode beside a pool',
    text: 'mode srever\nserver 10.8.0.0 255.255.255.0\n',
    issues: ['1:6+6 error[value] expected client, server or p2p, not "srever"'],
  },
  {
    name: 'mode without a value',
    text: 'mode\nport 1194\n',
    issues: ['1:1+4 error[arity] "mode" needs one value | mode client|server|p2p'],
  },
  {
    name: 'server without a netmask',
    text: 'server 10.8.0.0\n',
    issues: ['1:1+6 error[arity] "server" needs 2 values | server network netmask [nopool]'],
  },
  {
    name: 'no clients',
    text: 'mode server\nmax-clients 0\n',
    issues: ['2:13+1 error[value] expected a whole number from 1 to 1000000, not "0"'],
  },
  {
    name: 'too many clients',
    text: 'mode server\nmax-clients 1000001\n',
    issues: ['2:13+7 error[value] expected a whole number from 1 to 1000000, not "1000001"'],
  },
  {
    name: 'clients in words',
    text: 'mode server\nmax-clients unlimited\n',
    issues: ['2:13+9 error[value] expected a whole number from 1 to 1000000, not "unlimited"'],
  },
  {
    name: 'nobody pending',
    text: 'mode server\nmax-pending 0\n',
    issues: ['2:13+1 error[value] expected a whole number from 1 to 1000000, not "0"'],
  },
  {
    name: 'a rate without a time',
    text: 'mode server\nconnect-freq 10\n',
    issues: ['2:1+12 error[arity] "connect-freq" needs 2 values | connect-freq n seconds'],
  },
  {
    name: 'a rate of nothing',
    text: 'mode server\nconnect-freq 0 10\n',
    issues: ['2:14+1 error[value] expected a whole number from 1 to 65536, not "0"'],
  },
  {
    name: 'a rate in no time',
    text: 'mode server\nconnect-freq-source 3 0\n',
    issues: ['2:23+1 error[value] expected seconds greater than 0, not "0"'],
  },
  {
    name: 'a rate with a unit',
    text: 'mode server\nconnect-freq 3 10s\n',
    issues: [
      '2:16+3 error[value] expected seconds greater than 0, not "10s" | write the number alone; the unit is seconds',
    ],
  },
  {
    name: 'a rate that nobody can remember',
    text: 'mode server\nconnect-freq-source 70000 10\n',
    issues: ['2:21+5 error[value] expected a whole number from 1 to 65536, not "70000"'],
  },
  {
    name: 'hand-window 0',
    text: 'mode server\nhand-window 0\n',
    issues: ['2:13+1 error[value] expected seconds greater than 0, not "0"'],
  },
  {
    name: 'hand-window with a unit',
    text: 'mode server\nhand-window 1m\n',
    issues: [
      '2:13+2 error[value] expected seconds greater than 0, not "1m" | write the number alone; the unit is seconds',
    ],
  },
  {
    name: 'an unknown policy',
    text: 'mode server\nbind-policy some\n',
    issues: ['2:13+4 error[value] expected all or any, not "some"'],
  },
  {
    name: 'amplification-limit with a number',
    text: 'mode server\namplification-limit 2\n',
    issues: ['2:21+1 error[arity] "amplification-limit" takes no value'],
  },
  {
    name: 'multihome on one interface',
    text: 'mode server\nmultihome same-interface\n',
    issues: [
      '2:11+14 error[refused] "multihome same-interface" is not honoured: the routes of this machine choose the interface | write multihome alone',
    ],
  },
  {
    name: 'multihome with an unknown word',
    text: 'mode server\nmultihome eth0\n',
    issues: ['2:11+4 error[value] expected same-interface or nothing, not "eth0"'],
  },
  {
    name: 'resolve-timeout 0',
    text: 'mode server\nresolve-timeout 0\n',
    issues: ['2:17+1 error[value] expected seconds greater than 0, not "0"'],
  },
  {
    name: 'port-share',
    text: 'server 10.8.0.0 255.255.255.0\nproto tcp\nport-share 127.0.0.1 443\n',
    issues: [
      '3:1+10 error[refused] "port-share" is not honoured: it hands foreign connections on to another server | --allow-ignored port-share reads on without it',
    ],
  },
  {
    name: 'bind-dev in a block',
    text: 'mode server\n<listen>\nbind-dev eth0\n</listen>\n',
    issues: [
      '3:1+8 error[refused] "bind-dev" is not honoured: it ties the socket to one network device | --allow-ignored bind-dev reads on without it',
    ],
  },
  {
    name: 'a misspelt directive',
    text: 'mode server\nmax-client 10\n',
    issues: ['2:1+10 error[unknown] there is no directive "max-client" | did you mean "max-clients"?'],
  },
  {
    name: 'several problems at once',
    text: 'mode server\nremote vpn.example\nproto sctp\nlocal 198.51.100.1 1\nlocal 198.51.100.1 1\nbind-policy never\nmax-clients many\n<listen>\nnobind\nport 99999\n</listen>\n',
    issues: [
      '2:1+6 error[mode] "remote" is for clients, and this is a server\'s configuration | a server waits for its clients; to bind an address write: local HOST [PORT]',
      '3:7+4 error[value] "sctp" is no protocol | write udp or tcp',
      '4:1+5 warning[scope] this local is ignored: there are <listen> blocks',
      '5:1+5 warning[scope] this local is ignored: there are <listen> blocks',
      '6:13+5 error[value] expected all or any, not "never"',
      '7:13+4 error[value] expected a whole number from 1 to 1000000, not "many"',
      '9:1+6 error[mode] "nobind" is for clients, and this is a server\'s configuration | a server always binds: remove it',
      '10:6+5 error[value] a port is a number from 0 to 65535, not "99999"',
    ],
  },
]

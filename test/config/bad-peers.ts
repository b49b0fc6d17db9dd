/** Configurations of peers that are wrong, in the manner of `bad-configurations.ts`. */
import type { Bad } from './bad-configurations.ts'

export const BAD_PEERS: readonly Bad[] = [
  {
    name: 'nothing but comments',
    text: '# nothing\n',
    issues: ['1:1+1 error[mode] there is nothing in this configuration | begin with: client, mode server or mode p2p'],
  },
  {
    name: 'max-clients',
    text: 'dev tun\nmax-clients 10\n',
    issues: [
      '2:1+11 error[mode] "max-clients" is for servers, and without "mode server" this is a peer\'s configuration | add a line: mode server',
    ],
  },
  {
    name: 'max-clients beside mode p2p',
    text: 'mode p2p\nmax-clients 10\n',
    issues: [
      '2:1+11 error[mode] "max-clients" is for servers, and this is a peer\'s configuration | remove it, or "mode p2p"',
    ],
  },
  {
    name: 'pull alone',
    text: 'pull\nremote peer.example\n',
    issues: [
      '1:1+4 error[mode] "pull" is for clients, and without "client" this is a peer\'s configuration | add a line: client',
    ],
  },
  {
    name: 'pull beside mode p2p',
    text: 'mode p2p\npull\nremote peer.example\n',
    issues: ['2:1+4 error[mode] "pull" is for clients, and this is a peer\'s configuration | remove it, or "mode p2p"'],
  },
  {
    name: 'R8 a listen block',
    text: 'remote peer.example\n<listen>\n</listen>\n',
    issues: [
      '2:1+8 error[R8] <listen> is for servers, and without "mode server" this is a peer\'s configuration | add a line: mode server',
    ],
  },
  {
    name: 'R8 a listen block beside mode p2p',
    text: 'mode p2p\n<listen>\nport 443\n</listen>\n',
    issues: ['2:1+8 error[R8] <listen> is for servers, and this is a peer\'s configuration | remove it, or "mode p2p"'],
  },
  {
    name: 'p2p-sockets in a client',
    text: 'client\nremote peer.example\np2p-sockets all\n',
    issues: [
      '3:1+11 error[mode] "p2p-sockets" is for peers, and this is a client\'s configuration | remove it, or "client"',
    ],
  },
  {
    name: 'p2p-sockets in a server',
    text: 'mode server\np2p-sockets pinned\n',
    issues: [
      '2:1+11 error[mode] "p2p-sockets" is for peers, and this is a server\'s configuration | remove it, or "mode server"',
    ],
  },
  {
    name: 'bind-policy in a client',
    text: 'client\nremote peer.example\nbind-policy any\n',
    issues: [
      '3:1+11 error[mode] "bind-policy" is for servers, and this is a client\'s configuration | remove it, or "client"',
    ],
  },
  {
    name: 'R5 plain tcp',
    text: 'proto tcp\nremote peer.example\n',
    issues: [
      '1:7+3 error[R5] "tcp" does not say which peer waits: choose tcp-server or tcp-client | tcp-server waits, tcp-client connects; for a client add a line: client',
    ],
  },
  {
    name: 'R5 plain tcp without a remote',
    text: 'proto tcp\n',
    issues: [
      '1:7+3 error[R5] "tcp" does not say which peer waits: choose tcp-server or tcp-client | tcp-server waits, tcp-client connects; for a client add a line: client',
    ],
  },
  {
    name: 'R5 plain tcp of one remote',
    text: 'remote peer.example 1194 tcp\n',
    issues: [
      '1:26+3 error[R5] "tcp" does not say which peer waits: choose tcp-server or tcp-client | tcp-server waits, tcp-client connects; for a client add a line: client',
    ],
  },
  {
    name: 'R5 plain tcp in an old spelling',
    text: 'proto tcp6\nremote peer.example\n',
    issues: [
      '1:7+4 warning[R1] "tcp6" is an old spelling, which forces no family here | write "proto tcp"; for IPv6 alone, also "ipv6" on a line of its own',
      '1:7+4 error[R5] "tcp" does not say which peer waits: choose tcp-server or tcp-client | tcp-server waits, tcp-client connects; for a client add a line: client',
    ],
  },
  {
    name: 'R5 plain tcp in a block',
    text: 'proto udp-client\n<connection>\nremote a.example\nproto tcp\n</connection>\n<connection>\nremote b.example\n</connection>\n',
    issues: [
      '4:7+3 error[R5] "tcp" does not say which peer waits: choose tcp-server or tcp-client | tcp-server waits, tcp-client connects; for a client add a line: client',
    ],
  },
  {
    name: 'R5 plain tcp with a policy',
    text: 'proto tcp\nremote 198.51.100.1\np2p-sockets roles\n',
    issues: [
      '1:7+3 error[R5] "tcp" does not say which peer waits: choose tcp-server or tcp-client | tcp-server waits, tcp-client connects; for a client add a line: client',
    ],
  },
  {
    name: 'R5 roles without a role',
    text: 'remote peer.example\np2p-sockets roles\n',
    issues: [
      '2:13+5 error[R5] "p2p-sockets roles" wants a role, and "udp" has none | write "proto udp-server" for the one that waits, "proto udp-client" for the other',
    ],
  },
  {
    name: 'R5 roles with plain udp',
    text: 'proto udp\nremote peer.example\np2p-sockets roles\n',
    issues: [
      '3:13+5 error[R5] "p2p-sockets roles" wants a role, and "udp" has none | write "proto udp-server" for the one that waits, "proto udp-client" for the other',
    ],
  },
  {
    name: 'R5 all and udp-server',
    text: 'proto udp-server\np2p-sockets all\n',
    issues: [
      '2:13+3 error[R5] "p2p-sockets all" and "udp-server" contradict each other: there, both peers do the same | write "proto udp"',
    ],
  },
  {
    name: 'R5 all and udp-client',
    text: 'proto udp-client\nremote peer.example\np2p-sockets all\n',
    issues: [
      '3:13+3 error[R5] "p2p-sockets all" and "udp-client" contradict each other: there, both peers do the same | write "proto udp"',
    ],
  },
  {
    name: 'R5 all and tcp-server',
    text: 'proto tcp-server\np2p-sockets all\n',
    issues: [
      '2:13+3 error[R5] "p2p-sockets all" is for UDP: over TCP one peer waits, and the other connects | remove it',
    ],
  },
  {
    name: 'R5 all and tcp-client',
    text: 'proto tcp-client\nremote peer.example\np2p-sockets all\n',
    issues: [
      '3:13+3 error[R5] "p2p-sockets all" is for UDP: over TCP one peer waits, and the other connects | remove it',
    ],
  },
  {
    name: 'R5 pinned and udp-server',
    text: 'proto udp-server\nlocal 198.51.100.1\nremote 198.51.100.2\np2p-sockets pinned\n',
    issues: [
      '4:13+6 error[R5] "p2p-sockets pinned" and "udp-server" contradict each other: there, both peers do the same | write "proto udp"',
    ],
  },
  {
    name: 'R5 pinned and udp-client',
    text: 'proto udp-client\nlocal 198.51.100.1\nremote 198.51.100.2\np2p-sockets pinned\n',
    issues: [
      '4:13+6 error[R5] "p2p-sockets pinned" and "udp-client" contradict each other: there, both peers do the same | write "proto udp"',
    ],
  },
  {
    name: 'R5 pinned and tcp-server',
    text: 'proto tcp-server\nlocal 198.51.100.1\nremote 198.51.100.2\np2p-sockets pinned\n',
    issues: [
      '4:13+6 error[R5] "p2p-sockets pinned" is for UDP: over TCP one peer waits, and the other connects | remove it: one "local" and one "remote" do the same',
    ],
  },
  {
    name: 'R5 pinned and tcp-client',
    text: 'proto tcp-client\nlocal 198.51.100.1\nremote 198.51.100.2\np2p-sockets pinned\n',
    issues: [
      '4:13+6 error[R5] "p2p-sockets pinned" is for UDP: over TCP one peer waits, and the other connects | remove it: one "local" and one "remote" do the same',
    ],
  },
  {
    name: 'an unknown policy',
    text: 'remote peer.example\np2p-sockets both\n',
    issues: ['2:13+4 error[value] expected roles, all or pinned, not "both"'],
  },
  {
    name: 'p2p-sockets without a value',
    text: 'remote peer.example\np2p-sockets\n',
    issues: ['2:1+11 error[arity] "p2p-sockets" needs one value | p2p-sockets roles|all|pinned'],
  },
  {
    name: 'p2p-sockets in a block',
    text: '<connection>\nremote peer.example\np2p-sockets all\n</connection>\n',
    issues: [
      '3:1+11 error[scope] "p2p-sockets" cannot stand in a <connection> block | write it outside of the block; it is then true for all',
    ],
  },
  {
    name: 'R5 two roles',
    text: '<connection>\nremote 198.51.100.1\nproto udp-server\n</connection>\n<connection>\nremote peer.example\nproto udp-client\n</connection>\n',
    issues: [
      '7:7+10 error[R5] one remote is udp-server, and another udp-client: a peer does the same for all | only udp-client and tcp-client go together',
    ],
  },
  {
    name: 'R5 udp and udp-client',
    text: 'proto udp-client\nremote a.example\nremote b.example 1194 udp\n',
    issues: [
      '3:23+3 error[R5] one remote is udp-client, and another udp: a peer does the same for all | only udp-client and tcp-client go together',
    ],
  },
  {
    name: 'R5 a server over both transports',
    text: '<connection>\nremote 198.51.100.1\nproto udp-server\n</connection>\n<connection>\nremote 198.51.100.1\nproto tcp-server\n</connection>\n',
    issues: [
      '7:7+10 error[R5] one remote is udp-server, and another tcp-server: a peer does the same for all | only udp-client and tcp-client go together',
    ],
  },
  {
    name: 'R5 no word and a role',
    text: 'remote a.example\nremote b.example 1194 udp-server\n',
    issues: [
      '2:23+10 error[R5] one remote is udp, and another udp-server: a peer does the same for all | only udp-client and tcp-client go together',
    ],
  },
  {
    name: 'R5 a role on the command line for one remote',
    text: 'remote a.example\n',
    options: { argv: ['--remote', 'b.example', '443', 'tcp-client'] },
    issues: [
      'command line: --remote 24+10 error[R5] one remote is udp, and another tcp-client: a peer does the same for all | only udp-client and tcp-client go together',
    ],
  },
  {
    name: 'R5 a role for one remote alone',
    text: 'remote a.example 1194 udp-client\nremote b.example\n',
    issues: [
      '2:1+6 error[R5] one remote is udp-client, and another udp: a peer does the same for all | only udp-client and tcp-client go together',
    ],
  },
  {
    name: 'R5 nobind in a block of who waits',
    text: 'proto tcp-server\n<connection>\nremote 198.51.100.1\nnobind\n</connection>\n',
    issues: [
      '4:1+6 error[R5] "nobind" and "proto tcp-server" contradict each other: who waits must be found at a port | remove "nobind"; "lport 0" is any port',
    ],
  },
  {
    name: 'R5 udp-client without a remote',
    text: 'proto udp-client\n',
    issues: [
      '1:7+10 error[R5] "udp-client" dials, and there is no remote to connect to | add a line: remote HOST [PORT]',
    ],
  },
  {
    name: 'R5 tcp-client without a remote',
    text: 'mode p2p\nproto tcp-client\nlport 0\n',
    issues: [
      '2:7+10 error[R5] "tcp-client" dials, and there is no remote to connect to | add a line: remote HOST [PORT]',
    ],
  },
  {
    name: 'R5 nobind with udp',
    text: 'remote peer.example\nnobind\n',
    issues: [
      '2:1+6 error[R5] "nobind" and "proto udp" contradict each other: both peers bind all their sockets | write "proto udp-client" for the peer that only dials',
    ],
  },
  {
    name: 'R5 nobind without anything',
    text: 'nobind\n',
    issues: [
      '1:1+6 error[R5] "nobind" and "proto udp" contradict each other: both peers bind all their sockets | write "proto udp-client" for the peer that only dials',
    ],
  },
  {
    name: 'R5 nobind with udp-server',
    text: 'proto udp-server\nnobind\n',
    issues: [
      '2:1+6 error[R5] "nobind" and "proto udp-server" contradict each other: who waits must be found at a port | remove "nobind"; "lport 0" is any port',
    ],
  },
  {
    name: 'R5 nobind with tcp-server',
    text: 'proto tcp-server\nnobind\n',
    issues: [
      '2:1+6 error[R5] "nobind" and "proto tcp-server" contradict each other: who waits must be found at a port | remove "nobind"; "lport 0" is any port',
    ],
  },
  {
    name: 'R5 nobind and pinned',
    text: 'p2p-sockets pinned\nnobind\nremote 198.51.100.1\n',
    issues: [
      '1:13+6 error[R5] a pinned peer has one local address, and here is none | write the address to bind: local ADDRESS',
      '2:1+6 error[R5] "nobind" and "p2p-sockets pinned" contradict each other: a pinned peer has one local address | remove "nobind"',
    ],
  },
  {
    name: 'R5 nobind in a block',
    text: 'proto udp\n<connection>\nremote peer.example\nnobind\n</connection>\n',
    issues: [
      '4:1+6 error[R5] "nobind" and "proto udp" contradict each other: both peers bind all their sockets | write "proto udp-client" for the peer that only dials',
    ],
  },
  {
    name: 'R5 local in a block',
    text: 'proto udp\n<connection>\nremote peer.example\nlocal 198.51.100.1\n</connection>\n',
    issues: [
      '4:1+5 error[R5] the sockets of this peer are bound once, for all remotes | write it outside of the block',
    ],
  },
  {
    name: 'R5 lport in a block of who waits',
    text: 'proto udp-server\n<connection>\nremote 198.51.100.1\nlport 5000\n</connection>\n',
    issues: [
      '4:1+5 error[R5] the sockets of this peer are bound once, for all remotes | write it outside of the block',
    ],
  },
  {
    name: 'R7 nobind and local',
    text: 'proto udp-client\nremote peer.example\nlocal 198.51.100.1\nnobind\n',
    issues: ['4:1+6 error[R7] "local" and "nobind" contradict each other | remove one of them; "local" binds'],
  },
  {
    name: 'R7 nobind and lport',
    text: 'proto tcp-client\nremote peer.example\nlport 5000\nnobind\n',
    issues: ['4:1+6 error[R7] "lport" and "nobind" contradict each other | remove one of them; "lport" binds'],
  },
  {
    name: 'R7 nobind and bind',
    text: 'remote peer.example\nbind\nnobind\n',
    issues: ['3:1+6 error[R7] "bind" and "nobind" contradict each other | remove one of them; "bind" binds'],
  },
  {
    name: 'R8 local with a protocol',
    text: 'remote peer.example\nlocal 198.51.100.1 1194 udp\n',
    issues: [
      '2:25+3 error[R8] "local" with a protocol is for servers | what is bound has the protocol of the remote; leave it away',
    ],
  },
  {
    name: 'R1 ipv4 and bind ipv6only',
    text: 'remote peer.example\nipv4\nbind ipv6only\n',
    issues: [
      '3:6+8 error[R1] "bind ipv6only" and "ipv4" contradict each other | keep one of them; with neither, both families are used',
    ],
  },
  {
    name: 'R1 bind ipv6only and ipv4 on the command line',
    text: 'remote peer.example\nbind ipv6only\n',
    options: { argv: ['--ipv4'] },
    issues: [
      '2:6+8 error[R1] "bind ipv6only" and "ipv4" contradict each other | keep one of them; with neither, both families are used',
    ],
  },
  {
    name: 'R1 a literal of the other family',
    text: 'proto udp-client\nremote 198.51.100.1\nipv6\n',
    issues: ['2:8+12 error[R1] 198.51.100.1 is no ipv6 address, but ipv6 is forced'],
  },
  {
    name: 'R1 an old spelling, strictly',
    text: 'proto udp6\nremote peer.example\n',
    options: { strict: true },
    issues: [
      '1:7+4 error[R1] "udp6" is an old spelling, which forces no family here | write "proto udp"; for IPv6 alone, also "ipv6" on a line of its own',
    ],
  },
  {
    name: 'R1 an old spelling of one who dials, strictly',
    text: 'proto udp6-client\nremote peer.example\n',
    options: { strict: true },
    issues: [
      '1:7+11 error[R1] "udp6-client" is an old spelling of a protocol and a family | write "proto udp-client" and, on a line of its own, "ipv6"',
    ],
  },
  {
    name: 'R1 an old spelling of one family, strictly',
    text: 'proto tcp4-server\n',
    options: { strict: true },
    issues: [
      '1:7+11 error[R1] "tcp4-server" is an old spelling of a protocol and a family | write "proto tcp-server" and, on a line of its own, "ipv4"',
    ],
  },
  {
    name: 'R1 a literal against udp4',
    text: 'proto udp4\nremote 2001:db8::1\n',
    issues: [
      '1:7+4 warning[R1] "udp4" is an old spelling of a protocol and a family | write "proto udp" and, on a line of its own, "ipv4"',
      '2:8+11 error[R1] 2001:db8::1 is no ipv4 address, but ipv4 is forced',
    ],
  },
  {
    name: 'R1 a literal against udp6-client',
    text: 'proto udp6-client\nremote 198.51.100.1\n',
    issues: [
      '1:7+11 warning[R1] "udp6-client" is an old spelling of a protocol and a family | write "proto udp-client" and, on a line of its own, "ipv6"',
      '2:8+12 error[R1] 198.51.100.1 is no ipv6 address, but ipv6 is forced',
    ],
  },
  {
    name: 'R1 a mapped local',
    text: 'local ::ffff:198.51.100.1\nremote peer.example\n',
    issues: ['1:7+19 error[R1] a mapped address cannot be bound | the IPv4 address in it is 198.51.100.1'],
  },
  {
    name: 'R6 nothing fits what all bind',
    text: 'local 198.51.100.1\nremote 2001:db8::1\n',
    issues: [
      '1:7+12 error[R6] 198.51.100.1 is ipv4, and its remotes are ipv6 (2001:db8::1): nothing can be tried | bind an ipv6 address, or none',
    ],
  },
  {
    name: 'R6 nothing fits the wildcard of one family',
    text: 'bind ipv6only\nremote 198.51.100.1\nremote 198.51.100.2\n',
    issues: [
      '1:6+8 error[R6] :: is ipv6, and its remotes are ipv4 (198.51.100.1, 198.51.100.2): nothing can be tried | bind an ipv4 address, or none',
    ],
  },
  {
    name: 'R6 nothing fits the local of who dials',
    text: 'proto udp-client\nlocal 2001:db8::1\nremote 198.51.100.1\n',
    issues: [
      '2:7+11 error[R6] 2001:db8::1 is ipv6, and its remotes are ipv4 (198.51.100.1): nothing can be tried | bind an ipv4 address, or none',
    ],
  },
  {
    name: 'R6 nobody can come',
    text: 'proto tcp-server\nlocal 198.51.100.1\nremote 2001:db8::1\n',
    issues: [
      '2:7+12 error[R6] 198.51.100.1 is ipv4, and its remotes are ipv6 (2001:db8::1): nothing can be tried | bind an ipv6 address, or none',
    ],
  },
  {
    name: 'R5 pinned without local',
    text: 'p2p-sockets pinned\nremote 198.51.100.1\n',
    issues: [
      '1:13+6 error[R5] a pinned peer has one local address, and here is none | write the address to bind: local ADDRESS',
    ],
  },
  {
    name: 'R5 pinned without a remote',
    text: 'p2p-sockets pinned\nlocal 198.51.100.1\n',
    issues: ['1:13+6 error[R5] a pinned peer has one remote, and here is none | add a line: remote ADDRESS [PORT]'],
  },
  {
    name: 'R5 pinned without either',
    text: 'p2p-sockets pinned\n',
    issues: [
      '1:13+6 error[R5] a pinned peer has one remote, and here is none | add a line: remote ADDRESS [PORT]',
      '1:13+6 error[R5] a pinned peer has one local address, and here is none | write the address to bind: local ADDRESS',
    ],
  },
  {
    name: 'R5 pinned to a name',
    text: 'p2p-sockets pinned\nlocal 198.51.100.1\nremote peer.example\n',
    issues: [
      '3:8+12 error[R5] peer.example is a name, which may stand for addresses of both families | write the address of the peer: remote ADDRESS [PORT]',
    ],
  },
  {
    name: 'R5 pinned at a name',
    text: 'p2p-sockets pinned\nlocal me.example\nremote 198.51.100.1\n',
    issues: [
      '2:7+10 error[R5] me.example is a name, which may stand for addresses of both families | write the address to bind: local ADDRESS',
    ],
  },
  {
    name: 'R5 pinned at and to names',
    text: 'p2p-sockets pinned\nlocal me.example\nremote peer.example\n',
    issues: [
      '2:7+10 error[R5] me.example is a name, which may stand for addresses of both families | write the address to bind: local ADDRESS',
      '3:8+12 error[R5] peer.example is a name, which may stand for addresses of both families | write the address of the peer: remote ADDRESS [PORT]',
    ],
  },
  {
    name: 'R5 pinned to two',
    text: 'p2p-sockets pinned\nlocal 198.51.100.1\nremote 198.51.100.2\nremote 2001:db8::2\n',
    issues: [
      '4:1+6 error[R5] a pinned peer has one remote, and here are 2: 198.51.100.2, 2001:db8::2 | keep one of them; to have the others tried, too, leave "pinned" away',
    ],
  },
  {
    name: 'R5 pinned to four in blocks',
    text: 'p2p-sockets pinned\nlocal 198.51.100.1\n<connection>\nremote a.example\n</connection>\n<connection>\nremote b.example\n</connection>\n<connection>\nremote c.example\n</connection>\n<connection>\nremote d.example\n</connection>\n',
    issues: [
      '7:1+6 error[R5] a pinned peer has one remote, and here are 4: a.example, b.example, c.example and 1 more | keep one of them; to have the others tried, too, leave "pinned" away',
    ],
  },
  {
    name: 'R5 pinned across families',
    text: 'p2p-sockets pinned\nlocal 198.51.100.1\nremote 2001:db8::2\n',
    issues: [
      '2:7+12 error[R5] a pinned peer has one family: 198.51.100.1 is ipv4, and 2001:db8::2 is ipv6 | write two addresses of one family',
    ],
  },
  {
    name: 'R5 pinned at a wildcard',
    text: 'p2p-sockets pinned\nlocal 0.0.0.0\nremote 198.51.100.2\n',
    issues: [
      '2:7+7 error[R5] a pinned peer has one local address, and 0.0.0.0 is the unspecified address | write the address to bind: local ADDRESS',
    ],
  },
  {
    name: 'R5 pinned at every address',
    text: 'p2p-sockets pinned\nlocal *\nremote 198.51.100.2\n',
    issues: [
      '1:13+6 error[R5] a pinned peer has one local address, and here is none | write the address to bind: local ADDRESS',
    ],
  },
  {
    name: 'R5 pinned at ::',
    text: 'p2p-sockets pinned\nlocal ::\nremote 2001:db8::2\n',
    issues: [
      '2:7+2 error[R5] a pinned peer has one local address, and :: is the unspecified address | write the address to bind: local ADDRESS',
    ],
  },
  {
    name: 'R5 pinned at a link-local address',
    text: 'p2p-sockets pinned\nlocal fe80::1\nremote fe80::2%eth0\n',
    issues: [
      '2:7+7 error[R5] a pinned peer has one local address, and fe80::1 is a link-local address without a zone (%interface) | write the address to bind: local ADDRESS',
    ],
  },
  {
    name: 'R5 pinned to itself',
    text: 'p2p-sockets pinned\nlocal 198.51.100.1\nremote 198.51.100.1\n',
    issues: ['3:8+12 error[R5] 198.51.100.1 is the local address, too: this peer would talk to itself'],
  },
  {
    name: 'R5 itself among others',
    text: 'local 198.51.100.1\nremote 198.51.100.2\nremote 198.51.100.1\n',
    issues: ['3:8+12 error[R5] 198.51.100.1 is the local address, too: this peer would talk to itself'],
  },
  {
    name: 'R5 udp-server waits for a name',
    text: 'proto udp-server\nremote peer.example\n',
    issues: [
      '2:8+12 error[R5] peer.example is a name: of a peer that waits, a remote is the address that the other comes from | write the address; or "float", to take whoever confirms',
    ],
  },
  {
    name: 'R5 tcp-server waits for a name',
    text: 'proto tcp-server\nremote 198.51.100.1\nremote peer.example\n',
    issues: [
      '3:8+12 error[R5] peer.example is a name: of a peer that waits, a remote is the address that the other comes from | write the address; or "float", to take whoever confirms',
    ],
  },
  {
    name: 'R5 udp-server waits for two names',
    text: 'proto udp-server\n<connection>\nremote a.example\n</connection>\n<connection>\nremote b.example\n</connection>\n',
    issues: [
      '3:8+9 error[R5] a.example is a name: of a peer that waits, a remote is the address that the other comes from | write the address; or "float", to take whoever confirms',
      '6:8+9 error[R5] b.example is a name: of a peer that waits, a remote is the address that the other comes from | write the address; or "float", to take whoever confirms',
    ],
  },
  {
    name: 'R5 confirm openvpn',
    text: 'remote peer.example\nconfirm openvpn\n',
    issues: [
      '2:9+7 error[R5] "confirm openvpn" is never used on peers: it takes their session | write "confirm none" where the other is an OpenVPN',
    ],
  },
  {
    name: 'R5 confirm openvpn of who waits',
    text: 'proto tcp-server\nconfirm openvpn\n',
    issues: [
      '2:9+7 error[R5] "confirm openvpn" is never used on peers: it takes their session | write "confirm none" where the other is an OpenVPN',
    ],
  },
  {
    name: 'R5 confirm openvpn in a block',
    text: '<connection>\nremote peer.example\nconfirm openvpn\n</connection>\n',
    issues: [
      '3:9+7 error[R5] "confirm openvpn" is never used on peers: it takes their session | write "confirm none" where the other is an OpenVPN',
    ],
  },
  {
    name: 'an unknown confirmation',
    text: 'remote peer.example\nconfirm maybe\n',
    issues: ['2:9+5 error[value] expected peer, none or reply, not "maybe"'],
  },
  {
    name: 'R5 confirm reply of who waits',
    text: 'proto udp-server\nremote 198.51.100.1\nconfirm reply hello\n',
    issues: [
      '3:9+5 error[R5] "confirm reply" is for the one that sends first, and this peer waits | write "confirm peer" or "confirm none"',
    ],
  },
  {
    name: 'R5 confirm reply without a remote',
    text: 'proto udp\nconfirm reply hello\n',
    issues: [
      '2:9+5 error[R5] "confirm reply" is for the one that sends first, and this peer waits | write "confirm peer" or "confirm none"',
    ],
  },
  {
    name: 'R5 confirm reply without a remote, as a server',
    text: 'proto udp-server\nconfirm reply hello\n',
    issues: [
      '2:9+5 error[R5] "confirm reply" is for the one that sends first, and this peer waits | write "confirm peer" or "confirm none"',
    ],
  },
  {
    name: 'confirm reply over TCP',
    text: 'proto tcp-client\nremote peer.example\nconfirm reply hello\n',
    issues: ['3:9+5 error[value] "confirm reply" works over UDP only'],
  },
  {
    name: 'confirm reply without a text',
    text: 'remote peer.example\nconfirm reply\n',
    issues: ['2:9+5 error[value] "confirm reply" needs the text to send | confirm reply "hello"'],
  },
  {
    name: 'confirm none with a text',
    text: 'remote peer.example\nconfirm none hello\n',
    issues: ['2:14+5 error[value] "confirm none" takes no text'],
  },
  {
    name: 'R5 confirm peer in a client',
    text: 'client\nremote vpn.example\nconfirm peer\n',
    issues: [
      '3:9+4 error[R5] "confirm peer" is for peers, and this is the configuration of a client | write none, openvpn or reply TEXT',
    ],
  },
  {
    name: 'confirm in a server',
    text: 'mode server\nconfirm peer\n',
    issues: [
      '2:1+7 error[mode] "confirm" is for clients, and this is a server\'s configuration | a server sends nothing before a client does: remove it',
    ],
  },
  {
    name: 'keepalive with one value',
    text: 'remote peer.example\nkeepalive 10\n',
    issues: ['2:1+9 error[arity] "keepalive" needs 2 values | keepalive seconds seconds'],
  },
  {
    name: 'R5 keepalive that gives up at once',
    text: 'remote peer.example\nkeepalive 10 15\n',
    issues: [
      '2:14+2 error[R5] the peer would be given up after 15 s, with a ping every 10 s | the second is at least twice the first',
    ],
  },
  {
    name: 'R5 keepalive beside ping',
    text: 'remote peer.example\nping 10\nkeepalive 10 60\n',
    issues: [
      '2:1+4 error[R5] "keepalive" and "ping" contradict each other | "keepalive 10 60" is "ping 10" and "ping-restart 60": keep the one or the others',
    ],
  },
  {
    name: 'R5 keepalive beside ping-restart',
    text: 'remote peer.example\nkeepalive 10 60\nping-restart 120\n',
    issues: [
      '3:1+12 error[R5] "keepalive" and "ping-restart" contradict each other | "keepalive 10 60" is "ping 10" and "ping-restart 60": keep the one or the others',
    ],
  },
  {
    name: 'keepalive 0',
    text: 'remote peer.example\nkeepalive 0 0\n',
    issues: [
      '2:11+1 error[value] expected seconds greater than 0, not "0"',
      '2:13+1 error[value] expected seconds greater than 0, not "0"',
    ],
  },
  {
    name: 'a ping that is no number',
    text: 'remote peer.example\nping 10s\n',
    issues: ['2:6+3 error[value] expected seconds from 0 up, not "10s" | write the number alone; the unit is seconds'],
  },
  {
    name: 'ping in a block',
    text: '<connection>\nremote peer.example\nping 10\n</connection>\n',
    issues: [
      '3:1+4 error[scope] "ping" cannot stand in a <connection> block | write it outside of the block; it is then true for all',
    ],
  },
  {
    name: 'an unknown bind-policy',
    text: 'remote peer.example\nbind-policy some\n',
    issues: ['2:13+4 error[value] expected all or any, not "some"'],
  },
  {
    name: 'a block without a remote',
    text: '<connection>\nproto udp\n</connection>\n',
    issues: ['1:1+12 error[scope] this block has no remote | a <connection> block has exactly one'],
  },
  {
    name: 'proto-force leaves nothing',
    text: 'proto udp-client\nremote peer.example\nproto-force tcp\n',
    issues: ['3:13+3 error[value] no remote is left: none of them is tcp | proto-force only leaves remotes out'],
  },
  {
    name: 'a word that is no protocol',
    text: 'proto udp-peer\nremote peer.example\n',
    issues: ['1:7+8 error[value] "udp-peer" is no protocol | write udp or tcp'],
  },
  {
    name: 'a role that was misspelt, and nothing concluded from that',
    text: 'proto udp-clent\nremote peer.example\nnobind\n',
    issues: ['1:7+9 error[value] "udp-clent" is no protocol | write udp or tcp'],
  },
  {
    name: 'a line that was lost, and nothing concluded from that',
    text: 'prot udp-client\nremote peer.example\nnobind\n',
    issues: ['1:1+4 error[unknown] there is no directive "prot" | did you mean "proto"?'],
  },
  {
    name: 'a remote that was lost',
    text: 'proto udp-client\nremot peer.example\n',
    issues: ['2:1+5 error[unknown] there is no directive "remot" | did you mean "remote"?'],
  },
  {
    name: 'a remote that cannot be read',
    text: 'p2p-sockets pinned\nlocal 198.51.100.1\nremote 127.1\n',
    issues: [
      '3:8+5 error[value] numbers alone are no host name; an IPv4 address is four numbers from 0 to 255 without leading zeros',
    ],
  },
  {
    name: 'several problems at once',
    text: 'mode p2p\nproto udp-server\nremote peer.example\nconfirm openvpn\nnobind\nmax-clients 3\nping 1x\n',
    issues: [
      '4:9+7 error[R5] "confirm openvpn" is never used on peers: it takes their session | write "confirm none" where the other is an OpenVPN',
      '5:1+6 error[R5] "nobind" and "proto udp-server" contradict each other: who waits must be found at a port | remove "nobind"; "lport 0" is any port',
      '6:1+11 error[mode] "max-clients" is for servers, and this is a peer\'s configuration | remove it, or "mode p2p"',
      '7:6+2 error[value] expected seconds from 0 up, not "1x"',
    ],
  },
]

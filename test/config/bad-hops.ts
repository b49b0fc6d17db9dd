/** Configurations whose hops are wrong, each with everything that is said about it, as in `bad-configurations.ts`. */
import type { Bad } from './bad-configurations.ts'
import { KNOWN_PLUGINS } from '../../src/plugins/known.ts'
import { PIPE, RELAY, TUBE } from './relay-plugin.ts'

const options = { plugins: new Map([RELAY, TUBE, PIPE].map((module) => [module.name, module])) }
const inBlock = (lines: string) => `<connection>\nremote vpn.example 443 tcp\n${lines}</connection>\n`
const CLIENT = 'client\nproto tcp\nremote vpn.example\n'

export const BAD_HOPS: readonly Bad[] = (
  [
    [
      'in the configuration of a server',
      'mode server\nrelay a.example 80\n',
      ['2:1+5 error[mode] "relay" is for clients, and this is a server\'s configuration | remove it, or "mode server"'],
    ],
    [
      'in a <listen> block of a server',
      'mode server\n<listen>\nrelay a.example 80\n</listen>\n',
      ['3:1+5 error[mode] "relay" is for clients, and this is a server\'s configuration | remove it, or "mode server"'],
    ],
    [
      'in the configuration of a peer',
      'mode p2p\nremote 192.0.2.1\nrelay a.example 80\n',
      ['3:1+5 error[mode] "relay" is for clients, and this is a peer\'s configuration | remove it, or "mode p2p"'],
    ],
    [
      'where nothing says that it is a client',
      'remote vpn.example\nrelay a.example 80\n',
      [
        '2:1+5 error[mode] "relay" is for clients, and without "client" this is a peer\'s configuration | add a line: client',
      ],
    ],
    [
      'an option in the configuration of a server',
      'mode server\nrelay-word hello\n',
      [
        '2:1+10 error[mode] "relay-word" is for clients, and this is a server\'s configuration | remove it, or "mode server"',
      ],
    ],
    [
      'without its port',
      `${CLIENT}relay a.example\n`,
      ['4:1+5 error[arity] "relay" needs 2 values | relay host port [file]'],
    ],
    [
      'with more than it takes',
      `${CLIENT}relay a.example 80 file more\n`,
      ['4:25+4 error[arity] "relay" takes at most 3 values | relay host port [file]'],
    ],
    [
      'a port that is none',
      `${CLIENT}relay a.example 0\n`,
      ['4:17+1 error[value] a port is a number from 1 to 65535, not "0"'],
    ],
    [
      'one that cannot be read: its remote is not judged as if there were none',
      'client\nproto tcp\nipv4\nremote ::1\nrelay 192.0.2.1 0\n',
      ['5:17+1 error[value] a port is a number from 1 to 65535, not "0"'],
    ],
    [
      'a port that its plugin let through',
      `${CLIENT}relay port.fault 80\n`,
      ['4:1+5 error[value] expected at least 1'],
    ],
    [
      'a host that its plugin let through',
      `${CLIENT}relay 127.1 80\n`,
      [
        '4:7+5 error[value] numbers alone are no host name; an IPv4 address is four numbers from 0 to 255 without leading zeros',
      ],
    ],
    [
      'as a block',
      `${CLIENT}<relay>\na.example 80\n</relay>\n`,
      ['4:1+7 error[syntax] <relay> is no block | write it on one line: relay host port [file]'],
    ],
    [
      'a login file that is not there',
      `${CLIENT}relay a.example 80 gone.txt\n`,
      ['4:20+8 error[R9] cannot read this file: no such file'],
    ],
    [
      'a login file of an option that is not there',
      `${CLIENT}relay a.example 80\nrelay-login gone.txt\n`,
      ['5:13+8 error[R9] cannot read this file: no such file'],
    ],
    [
      'an option without a hop',
      `${CLIENT}relay-word hello\n`,
      ['4:1+10 error[R9] "relay-word" without "relay": it belongs to a hop'],
    ],
    [
      'an option of another plugin than the hop',
      `${CLIENT}tube a.example\nrelay-word hello\n`,
      ['5:1+10 error[R9] "relay-word" without "relay": it belongs to a hop'],
    ],
    [
      'an option above two hops',
      `${CLIENT}relay-word hello\nrelay a.example 80\nrelay b.example 80\n`,
      [
        '4:1+10 error[R9] "relay-word" stands above 2 hops: it does not say to which it belongs | write it below the line of its hop',
      ],
    ],
    [
      'an option in a block without a hop',
      `client\nrelay a.example 80\n${inBlock('relay-word hello\n')}`,
      ['5:1+10 error[R9] "relay-word" without "relay" in its block | repeat the line of the hop above it'],
    ],
    [
      'a global option for hops of the blocks that differ in their hosts',
      `client\nrelay-login login.txt\n${inBlock('relay a.example 80\n')}${inBlock('relay b.example 80\n')}`,
      [
        '2:1+11 error[R9] "relay-login" would be for a.example port 80 and for b.example port 80 | write it below the line of its hop',
      ],
    ],
    [
      'a global option for hops of the blocks that differ in their ports',
      `client\n${inBlock('relay a.example 80\n')}${inBlock('relay a.example 81\n')}relay-word hello\n`,
      [
        '10:1+10 error[R9] "relay-word" would be for a.example port 80 and for a.example port 81 | write it below the line of its hop',
      ],
    ],
    [
      'an option of the command line for two hops of the file',
      `${CLIENT}relay a.example 80\nrelay b.example 80\n`,
      [
        'command line: --relay-login 1+13 error[R9] "relay-login" would be for a.example port 80 and for b.example port 80 | write it below the line of its hop',
      ],
      ['--relay-login', 'login.txt'],
    ],
    [
      'an option of the file for hops of the command line and of a block',
      `client\nrelay-word hello\n${inBlock('relay a.example 80\n')}<connection>\nremote h 1 tcp\n</connection>\n`,
      [
        '2:1+10 error[R9] "relay-word" would be for a.example port 80 and for b.example port 80 | write it below the line of its hop',
      ],
      ['--relay', 'b.example', '80'],
    ],
    ['nine hops', `${CLIENT}${'relay a.example 80\n'.repeat(9)}`, ['12:1+5 error[R9] a way has at most 8 hops']],
    [
      'datagrams that it does not carry',
      'client\nremote vpn.example\nrelay a.example 80\n',
      ['3:1+5 error[R9] a relay carries TCP only | proto tcp'],
    ],
    [
      'two remotes over one hop, one of which it does not carry',
      'client\nremote vpn.example 443 tcp\nremote vpn.example 443 udp\nrelay a.example 80\n',
      ['4:1+5 error[R9] a relay carries TCP only (remote on line 3) | proto tcp'],
    ],
    [
      'a setting that its plugin judges',
      `${CLIENT}relay a.example 80\nrelay-word rude\n`,
      ['4:1+5 error[R9] such a word is not said'],
    ],
    [
      'said once, however many remotes',
      `${CLIENT}remote b.example\nrelay a.example 80\nrelay-word rude\n`,
      ['5:1+5 error[R9] such a word is not said'],
    ],
    [
      'R1 a first hop of another family than the forced one',
      `${CLIENT}ipv6\nrelay 192.0.2.1 80\n`,
      ['5:7+9 error[R1] 192.0.2.1 is no ipv6 address, but ipv6 is forced'],
    ],
    [
      'R6 local of one family, first hop of the other',
      `${CLIENT}local 2001:db8::1\nrelay 192.0.2.1 80\n`,
      [
        '4:7+11 error[R6] 2001:db8::1 is ipv6, and its first hops are ipv4 (192.0.2.1): nothing can be tried | bind an ipv4 address, or none',
      ],
    ],
    [
      'R6 local of one family, a first hop and a remote of the other',
      `client\nproto tcp\nlocal 2001:db8::1\n${inBlock('relay 192.0.2.1 80\n')}<connection>\nremote 192.0.2.9\n</connection>\n`,
      [
        '3:7+11 error[R6] 2001:db8::1 is ipv6, and its remotes and first hops are ipv4 (192.0.2.1, 192.0.2.9): nothing can be tried | bind an ipv4 address, or none',
      ],
    ],
    [
      'a plugin that throws while it reads',
      `${CLIENT}relay throws.fault 80\n`,
      ['4:1+5 error[R9] the plugin "relay" failed when it read this line'],
    ],
    [
      'a plugin that throws while it judges',
      `${CLIENT}relay judge.fault 80\n`,
      ['4:1+5 error[R9] the plugin "relay" failed when it judged this hop'],
    ],
    [
      'a plugin that throws when it is started',
      `${CLIENT}relay a.example 80\nrelay-start badly\n`,
      [
        '4:1+5 error[R9] the plugin "relay" failed when it was started',
        '4:1+5 error[R9] there is no plugin "relay" that makes hops',
      ],
    ],
    [
      'a plugin that makes no hops after all',
      `${CLIENT}relay a.example 80\nrelay-start empty\n`,
      ['4:1+5 error[R9] there is no plugin "relay" that makes hops'],
    ],
    [
      'a plugin that makes nothing of its line, and says nothing',
      `${CLIENT}relay silent.fault 80\n`,
      ['4:1+5 error[R9] the plugin "relay" made no hop of this line'],
    ],
    [
      'a plugin that makes hops of another kind',
      `${CLIENT}relay kind.fault 80\n`,
      ['4:1+5 error[R9] there is no plugin "other" that makes hops; known: relay'],
    ],
    [
      'a plugin that needs more than its line',
      `${CLIENT}pipe a.example\n`,
      [
        '4:1+4 error[arity] the plugin "pipe" needs more | socket-plugin pipe size',
        '4:1+4 error[R9] there is no plugin "tube" that makes hops; known: pipe',
      ],
    ],
    [
      'a plugin that nobody knows',
      `${CLIENT}relais a.example 80\n`,
      ['4:1+6 error[unknown] there is no directive "relais" | did you mean "relay"?'],
    ],
    [
      'a plugin of a file that is not trusted',
      `${CLIENT}socket-plugin relay\nrelay a.example 80\n`,
      [
        '4:1+13 error[R9] a file may not load socket plugins | it would run code; --allow-socket-plugins says that you trust the file',
      ],
    ],
    [
      'a printed login without its handle',
      `${CLIENT}relay silent.fault 80\nrelay-login [[INLINE]]\n`,
      ['4:1+5 error[R9] the plugin "relay" made no hop of this line'],
    ],
  ] as const
).map(([name, text, issues, argv]) => ({ name, text, issues, options: { ...options, ...(argv && { argv }) } }))

const REAL = { plugins: KNOWN_PLUGINS }

/** The same of the plugins that are always there. */
export const BAD_PROXIES: readonly Bad[] = (
  [
    [
      'http-proxy without a port',
      'http-proxy a.example',
      [
        '4:1+10 error[arity] "http-proxy" needs 2 values | http-proxy host port [authfile|auto|auto-nct] [auto|auto-nct|none|basic|digest|ntlm|ntlm2]',
      ],
    ],
    [
      'http-proxy as a URL',
      'http-proxy http://a.example:3128 3128',
      [
        '4:12+21 error[value] this is no IPv6 address, and a name has no colon | write the host alone, and the port as a word of its own: http-proxy a.example 3128',
      ],
    ],
    [
      'http-proxy with a method for a file',
      'http-proxy a.example 3128 basic',
      [
        '4:27+5 error[value] the file with the login stands before the method | write auto basic where the login is told by http-proxy-user-pass',
      ],
    ],
    [
      'http-proxy with a method that nobody knows',
      'http-proxy a.example 3128 login.txt basci',
      ['4:37+5 error[value] expected none, basic, digest, ntlm, ntlm2, auto or auto-nct | did you mean "basic"?'],
    ],
    [
      'http-proxy with a login from the terminal',
      'http-proxy a.example 3128 stdin',
      [
        '4:27+5 error[value] nobody is asked for a login here | write the user and the password on two lines of a file, and name the file here; or make them a block',
      ],
    ],
    [
      'http-proxy with half a login',
      'http-proxy a.example 3128 half.txt',
      ['4:27+8 error[value] the second line is missing, which is the password'],
    ],
    [
      'http-proxy with a login that is not there',
      'http-proxy a.example 3128 gone.txt',
      ['4:27+8 error[R9] cannot read this file: no such file'],
    ],
    [
      'http-proxy with auto, and without a login',
      'http-proxy a.example 3128 auto',
      ['4:1+10 error[R9] "auto" needs a login | in a text: http-proxy-user-pass FILE; in an object: login'],
    ],
    [
      'http-proxy-option of no kind',
      'http-proxy a.example 3128\nhttp-proxy-option FOO bar',
      ['5:19+3 error[value] expected VERSION, AGENT, CUSTOM-HEADER, EXT1 or EXT2'],
    ],
    [
      'http-proxy-option with a version that is none',
      'http-proxy a.example 3128\nhttp-proxy-option VERSION 2',
      ['5:27+1 error[value] expected 1.1 or 1.0'],
    ],
    [
      'http-proxy-option with a header without its content',
      'http-proxy a.example 3128\nhttp-proxy-option CUSTOM-HEADER X-Token',
      [
        '5:33+7 error[value] a header is a name, a colon, and a value | write: CUSTOM-HEADER name content, or CUSTOM-HEADER "name: content"',
      ],
    ],
    [
      'http-proxy with two words for what is automatic',
      'http-proxy a.example 3128 auto auto-nct',
      ['4:32+8 error[value] expected none, basic, digest, ntlm or ntlm2'],
    ],
    [
      'http-proxy-option alone',
      'http-proxy-option AGENT x',
      ['4:1+17 error[R9] "http-proxy-option" without "http-proxy": it belongs to a hop'],
    ],
    [
      'http-proxy-user-pass as an empty block',
      'http-proxy a.example 1\n<http-proxy-user-pass>\n</http-proxy-user-pass>',
      ['5:1+22 error[value] a login is a user and a password on two lines | nothing else stands there'],
    ],
    [
      'http-proxy for datagrams',
      'http-proxy a.example 3128\nproto udp',
      [
        '4:1+10 error[R9] an HTTP proxy carries no datagrams | use TCP for this remote, or a socks-proxy in version 5',
        '5:1+5 note[repeated] "proto" was given before on line 2; this one counts',
      ],
    ],
    [
      'http-proxy for a target with a zone',
      'http-proxy a.example 3128\n<connection>\nremote fe80::1%eth0\n</connection>',
      [
        '3:1+6 warning[scope] this remote is ignored: there are <connection> blocks',
        '4:1+10 error[R9] fe80::1%eth0 cannot be reached through it: a zone (%interface) means nothing on another machine',
      ],
    ],
    [
      'socks-proxy with a login for a port',
      'socks-proxy a.example login.txt',
      ['4:23+9 error[value] a port is a number from 1 to 65535 | the login stands behind it, in a file'],
    ],
    [
      'socks-proxy with a version that is none',
      'socks-proxy a.example\nsocks-proxy-option VERSION 6',
      ['5:28+1 error[value] expected 4, 4a or 5'],
    ],
    [
      'socks-proxy in version 4 with a password',
      'socks-proxy a.example 1080 login.txt\nsocks-proxy-option VERSION 4',
      ['4:28+9 error[value] SOCKS4 has no passwords, only a user'],
    ],
    [
      'socks-proxy in version 4 for datagrams',
      'proto udp\nsocks-proxy a.example\nsocks-proxy-option VERSION 4',
      [
        '4:1+5 note[repeated] "proto" was given before on line 2; this one counts',
        '5:1+11 error[R9] SOCKS4 carries no datagrams | use version 5, or TCP',
      ],
    ],
    [
      'socks-proxy behind another hop for datagrams',
      'proto udp\nsocks-proxy a.example\nsocks-proxy b.example',
      [
        '4:1+5 note[repeated] "proto" was given before on line 2; this one counts',
        '6:1+11 error[R9] its relay for datagrams could not be reached through the hop before | let it be the only hop, or use TCP',
      ],
    ],
    [
      'a login above two hops',
      'socks-proxy-user-pass login.txt\nsocks-proxy a.example\nsocks-proxy b.example',
      [
        '4:1+21 error[R9] "socks-proxy-user-pass" stands above 2 hops: it does not say to which it belongs | write it below the line of its hop',
      ],
    ],
  ] as const
).map(([name, lines, issues]) => ({
  name,
  text: `client\nproto tcp\nremote vpn.example\n${lines}\n`,
  issues,
  options: REAL,
}))

/**
 * Who answers where a SOCKS proxy was expected. One byte tells: a person hears at once, and the same however the bytes
 * were cut.
 */

/** Completes "it does not answer as SOCKS5 does: ..."; `undefined`: nobody we know begins so. */
export function strangerOf(first: number): string | undefined {
  return STRANGERS.get(first)
}

const HTTP = 'this looks like HTTP (write http-proxy if it is a proxy of that kind)'
const TLS = 'this looks like TLS, which has to be taken off before us'

const STRANGERS = new Map([
  [0x00, 'this looks like SOCKS4 (write socks-proxy-option VERSION 4)'],
  [0x05, 'this looks like SOCKS5 (leave out socks-proxy-option VERSION 4)'],
  [0x15, TLS], // an alert
  [0x16, TLS], // a handshake
  [0x32, 'this looks like a server of mail or files'], // 220 ...
  [0x3c, HTTP], // <html>
  [0x48, HTTP], // HTTP/1.1 400 ...
  [0x53, 'this looks like SSH'], // SSH-2.0-...
])

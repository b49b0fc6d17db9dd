/** Numbers as a configuration writes them: ports, seconds, counts. Nothing is ever wrapped, cut off or guessed. */
import type { Misread, Reading } from './issue.ts'

/** `setTimeout` takes no more; 24 days. */
const MAX_MS = 2_147_483_647

// The services whose ports VPN servers borrow, and our own.
const SERVICES: Readonly<Record<string, number>> = {
  domain: 53,
  ftp: 21,
  imap: 143,
  imaps: 993,
  isakmp: 500,
  ntp: 123,
  openvpn: 1194,
  pop3: 110,
  pop3s: 995,
  smtp: 25,
  smtps: 465,
  ssh: 22,
  submission: 587,
  syslog: 514,
  telnet: 23,
}

/** `min` is 1, or 0 where a port is bound and 0 means any. */
export function readPort(text: string, min: 0 | 1): Reading<number> {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (port >= min && port <= 65535) return { value: port }
  const message = `a port is a number from ${min} to 65535, not "${text}"`
  const service = Object.hasOwn(SERVICES, text) ? SERVICES[text] : undefined
  if (service !== undefined) return { message, hint: `the port of ${text} is ${service}` }
  if (/^(?:udp|tcp)/.test(text)) return { message, hint: 'the port stands before the protocol' }
  if (/^[a-z][a-z0-9-]+$/.test(text)) return { message, hint: 'write its number: names of services are not looked up' }
  return { message, hint: text === '0' ? 'port 0 means "any", and only a local port can be that' : undefined }
}

/** Seconds, three decimals at most; the value is ms. `min` in ms. */
export function readSeconds(text: string, min: number): Reading<number> {
  const ms = /^\d{1,10}(?:\.\d{1,3})?$/.test(text) ? Math.round(Number(text) * 1000) : NaN
  if (ms >= min && ms <= MAX_MS) return { value: ms }
  const range = min >= 1000 ? `from ${min / 1000} up` : min > 0 ? 'greater than 0' : 'from 0 up'
  if (ms > MAX_MS) return { message: `"${text}" seconds are too long`, hint: `at most ${Math.floor(MAX_MS / 1000)}` }
  return { message: `expected seconds ${range}, not "${text}"`, hint: unitHint(text) }
}

/** A whole number. */
export function readCount(text: string, min: number, max: number): Reading<number> {
  const count = /^\d{1,16}$/.test(text) ? Number(text) : NaN
  if (count >= min && count <= max) return { value: count }
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} up` : `from ${min} to ${max}`
  return { message: `expected a whole number ${range}, not "${text}"` }
}

const unitHint = (text: string): Misread['hint'] =>
  /^\d+(?:ms|s|sec|m|min|h)$/.test(text) ? 'write the number alone; the unit is seconds' : undefined

/** Whether what is sent to a hop in clear text stays on this machine. */
import { parseAddress } from '../endpoint.ts'

export function isThisHost(host: string): boolean {
  const literal = parseAddress(host)
  if (!literal) return /^localhost\.?$/i.test(host)
  return literal.family === 'ipv4' ? literal.address.startsWith('127.') : literal.address === '::1'
}

/** What clients and peers say about their remotes, as text. */
import type { ClientConfig, Confirmation, Remote } from './schema.ts'
import { linesThatDiffer, seconds, word } from './written.ts'

export const confirmLine = (confirm: Confirmation) =>
  confirm.kind === 'reply' ? `confirm reply ${word(confirm.text)}` : `confirm ${confirm.kind}`

export const localLines = ({ host, port }: NonNullable<Remote['local']>): readonly string[] => [
  ...(host === undefined ? [] : [`local ${word(host)}`]),
  `lport ${port}`,
]

/** What differs from the defaults of the schema. */
export function walkLines(config: Omit<ClientConfig, 'mode' | 'remotes'>): readonly string[] {
  const { connectRetry, connectRetryMax, pacing, candidateOrder, resolveTimeout, resolvRetry } = config
  const { min, max } = connectRetry
  return linesThatDiffer([
    [config.remoteRandom, 'remote-random'],
    [config.remoteRandomHostname, 'remote-random-hostname'],
    [resolveTimeout !== 5_000, `resolve-timeout ${seconds(resolveTimeout)}`],
    [resolvRetry !== 'infinite', `resolv-retry ${resolvRetry === 'infinite' ? resolvRetry : seconds(resolvRetry)}`],
    [min !== 1_000 || max !== 300_000, `connect-retry ${seconds(min)} ${seconds(max)}`],
    [connectRetryMax !== 0, `connect-retry-max ${connectRetryMax}`],
    [pacing.policy !== 'sequential', `pacing ${pacing.policy}`],
    [pacing.attemptDelay !== 250, `attempt-delay ${pacing.attemptDelay}`],
    [pacing.maxInFlight !== 10, `max-in-flight ${pacing.maxInFlight}`],
    [candidateOrder.kind !== 'as-returned', `candidate-order ${candidateOrder.kind}${counted(candidateOrder)}`],
  ])
}

const counted = ({ kind, count }: ClientConfig['candidateOrder']) => (kind === 'interleave' ? ` ${count}` : '')

import { isSafeUrl } from '../../channels/settings.ts'
import { isLoopback, parseAddress } from '../address.ts'
import { milliseconds } from '../duration.ts'
import { type Check, inconsistent } from './check.ts'

const [SHORTEST, LONGEST] = [1000, 3_600_000]

/** Numbers say who does how much where: read by whoever may, sent where nobody reads along. */
export const checkMetrics: Check = function* ({ gateway, metrics }) {
  const door = gateway.listen.metrics
  const address = door === undefined ? undefined : parseAddress(door)
  if (address !== undefined && !isLoopback(address.host) && metrics?.token === undefined) {
    const why = 'Whoever reaches this address could read what the gateway does.'
    yield inconsistent(['gateway', 'listen', 'metrics'], why, 'Listen on 127.0.0.1, or give metrics.token a reference.')
  }
  if (metrics?.token !== undefined && door === undefined) {
    const next = 'Write for example metrics: 127.0.0.1:9464 under gateway.listen.'
    yield inconsistent(['metrics', 'token'], 'There is no door that this opens.', next)
  }
  if (metrics?.otlp === undefined) return
  const { url, every, insecureLoopback = false } = metrics.otlp
  if (!isSafeUrl(url, insecureLoopback)) {
    const next = 'Write a URL with https; http is for this machine, with insecureLoopback: true.'
    yield inconsistent(['metrics', 'otlp', 'url'], 'What is sent there could be read or changed on the way.', next)
  }
  const ms = milliseconds(every ?? '15s')
  if (ms < SHORTEST || ms > LONGEST)
    yield inconsistent(['metrics', 'otlp', 'every'], 'Metrics are sent every second to every hour.', 'Write for example every: 15s.')
}

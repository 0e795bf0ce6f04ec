import type { FailureLog } from '../local-api.ts'

/** Nobody can be told with a status any more why an export broke off: the gateway's own log says it. */
export async function* told(bytes: AsyncIterable<Uint8Array>, log: FailureLog, route: string): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes
  } catch (err) {
    log.error({ err, route }, 'an export broke off')
    throw err
  }
}

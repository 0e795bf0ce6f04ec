import { injectTransport, type LocalClient, LocalError, localApi, localClient } from '../api/local/index.ts'
import { gatewayRoom } from './gateway.ts'
import { createLog } from './log.ts'
import { configPath, reachGateway, type Whereabouts } from './reach.ts'
import type { Surroundings } from './surroundings.ts'

export interface OpenedGateway extends AsyncDisposable {
  readonly client: LocalClient
  /** Whether it runs by itself; else it was opened for this command. */
  readonly running: boolean
}

/**
 * The running gateway that is meant; where none runs, its data folder, opened until disposed. So a secret can be sealed before
 * the first start, with the same checks and the same entry in the trail.
 */
export async function openedGateway(where: Whereabouts, surroundings: Surroundings): Promise<OpenedGateway> {
  const client = reachGateway(where, surroundings)
  try {
    await client.status()
    return { client, running: true, [Symbol.asyncDispose]: async () => undefined }
  } catch (error) {
    const notRunning = error instanceof LocalError && error.code === 'GS_LOCAL_NOT_RUNNING'
    // A socket alone does not say which configuration it belongs to.
    if (!notRunning || where.socket !== undefined) throw error
  }
  return openHere(where, surroundings)
}

async function openHere(where: Whereabouts, surroundings: Surroundings): Promise<OpenedGateway> {
  const { openGateway } = await gatewayRoom()
  const log = createLog({ format: 'json', level: 'warn', destination: surroundings.stderr })
  const standing = await openGateway({ configPath: configPath(where, surroundings), log, signal: surroundings.signal })
  const api = localApi(standing.operator, log, surroundings.signal)
  return {
    client: localClient(injectTransport(api)),
    running: false,
    async [Symbol.asyncDispose]() {
      await api.close()
      await standing.close()
    },
  }
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunningGateway, startGateway } from './gateway.ts'
import type { WrittenConfig } from './gateway-config.ts'
import { startIssuer } from './issuer.ts'
import { MODEL_KEY, type ModelServer, startModelServer } from './model-server.ts'

/** A provider of models, and a gateway in front of it. */
export interface ModelGateway {
  readonly gateway: RunningGateway
  readonly models: ModelServer
  /** Ends both. */
  remove(): Promise<void>
}

/**
 * @param answer what the provider says
 * @param adjust the configuration, which has a door in HTTPS and one for tokens, and no resource yet. `credentials` hold the key of the provider
 */
export async function startModelGateway(
  answer: Parameters<typeof startModelServer>[0],
  adjust: (config: WrittenConfig, provider: { readonly url: string; readonly credentials: readonly object[] }) => void,
): Promise<ModelGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-model-'))
  const key = join(folder, 'key')
  writeFileSync(key, MODEL_KEY, { mode: 0o600 })
  const models = await startModelServer(answer)
  const issuer = await startIssuer()
  async function removeOthers(): Promise<void> {
    await issuer.close()
    await models.close()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const gateway = await startGateway({
      issuer,
      targets: [],
      adjust(config) {
        config.gateway.listen = { https: '127.0.0.1:0', token: '127.0.0.1:0' }
        config.resources = []
        adjust(config, { url: models.url, credentials: [{ as: 'key', apiKey: `file:${key}` }] })
      },
    })
    return { gateway, models, remove: () => gateway.remove().finally(removeOthers) }
  } catch (error) {
    await removeOthers()
    throw error
  }
}

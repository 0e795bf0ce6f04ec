import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listenLocally, localApi } from '../../src/api/local/index.ts'
import { type InMemoryOperator, inMemoryOperator } from './operator.ts'

/** A folder with a configuration, and the local socket of a gateway whose Operator is in memory: for commands. */
export interface ServedLocally {
  readonly folder: string
  readonly operator: InMemoryOperator
  /** No gateway runs any more. */
  close(): Promise<void>
  /** Nor is the folder there. */
  remove(): Promise<void>
}

/** @param written the configuration, as a user left it */
export async function serveLocally(written = 'gateway: { data: . }\n', operator = inMemoryOperator()): Promise<ServedLocally> {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-cli-'))
  writeFileSync(join(folder, 'gatescribe.yaml'), written)
  const closing = new AbortController()
  const listener = await listenLocally(folder, localApi(operator, { error: () => undefined }, closing.signal))
  const close = async () => {
    closing.abort()
    await listener.close()
  }
  return {
    ...{ folder, operator, close },
    async remove() {
      await close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

import { resolve } from 'node:path'
import type { Operator } from '../api/local/index.ts'
import { loadConfig } from '../config/index.ts'
import { operatorOf } from './operator.ts'
import { LOCAL_OPERATOR } from './records.ts'
import { createReload } from './reload.ts'
import { openRooms } from './rooms.ts'
import type { StartOptions } from './start-gateway.ts'

/** The rooms behind the Operator without any door open; the data folder is held until `close`. */
export interface StandingGateway {
  readonly operator: Operator
  close(): Promise<void>
}

/**
 * For what must work before the first start, such as `secret set`. Recorded like everything else.
 * @throws CodedError where a part cannot stand; StoreError GS_STORE_LOCKED where a gateway runs
 */
export async function openGateway({ configPath, log }: StartOptions): Promise<StandingGateway> {
  const path = resolve(configPath)
  const rooms = await openRooms(loadConfig(path, process.env), log)
  const parts = {
    rooms,
    configPath: path,
    listening: () => ({}),
    draining: () => false,
    reload: createReload(rooms, path),
    startedAt: Date.now(),
  }
  const operator = operatorOf(parts, { name: LOCAL_OPERATOR })
  return { operator, close: () => rooms.close() }
}

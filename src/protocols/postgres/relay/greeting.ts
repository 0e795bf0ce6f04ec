import { randomBytes } from 'node:crypto'
import type { PostgresTarget } from '../target.ts'
import { backendKeyData, parameterStatus, readyForQuery } from '../wire/build.ts'
import { transaction } from '../wire/codes.ts'

/** The key that a client of this minor version proves itself with when it cancels: 4 bytes on 3.0, up to 256 on 3.2. */
export function newCancelKey(minor: 0 | 2): Uint8Array {
  return randomBytes(minor === 0 ? 4 : 32)
}

/** What follows AuthenticationOk: the target's own words, with our cancel key. */
export function greeting(target: PostgresTarget, key: Uint8Array): Buffer {
  return Buffer.concat([
    ...[...target.parameters].map(([name, value]) => parameterStatus(name, value)),
    ...target.notices,
    backendKeyData(target.processId, key),
    readyForQuery(transaction.idle),
  ])
}

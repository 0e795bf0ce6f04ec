import type { ConnectionOptions } from 'node:tls'

export type { Dial, HttpCredential, HttpSecret, Login, TargetAddress, TargetSecret } from '../operations/index.ts'

/** The subset of TLS options that a login may set. */
export type TargetTls = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername'>

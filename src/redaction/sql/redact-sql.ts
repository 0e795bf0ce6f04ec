import { isUtf8 } from 'node:buffer'
import { NOTHING_FOUND, type Redacted, wholly } from '../redacted.ts'
import { untilSettled } from '../settle.ts'
import { ownCredentialsIn, scanTokens } from '../text.ts'
import { holdsTooMuch, mayHoldSecrets } from '../triggers.ts'
import { readSql } from './read-sql.ts'
import { speaksOfSecrets } from './speaks-of-secrets.ts'

/** Which parameters of a statement stand where a secret belongs: their numbers, from 1. */
export type SecretParameters = ReadonlySet<number> | 'all'

export interface RedactedStatement extends Redacted {
  /** Also where nothing was redacted: `SET password = $1` is as it was, but its first parameter is a password. */
  readonly secretParameters: SecretParameters
}

/** Longer statements that speak of secrets are not read but replaced. Bytes. */
export const LONGEST_READ = 512 * 1024

const NO_PARAMETERS: ReadonlySet<number> = new Set()

/**
 * Redacts a PostgreSQL statement, or several: passwords and keys where its grammar puts them, in every string that is SQL itself, and whatever shows
 * itself as a secret anywhere. Linear in its length; never throws, whatever the bytes.
 *
 * On doubt everything is replaced: then not even the shape of the statement is stored, only that there was one. The caller commits to what it stores.
 * A commitment to the original would let whoever learns the salt test guesses of the password, so none is made.
 *
 * @param text as the client sent it
 * @returns the same object as content where nothing was found
 */
export function redactSql(text: Uint8Array): RedactedStatement {
  if (!mayHoldSecrets(text, 'sql')) return { content: text, found: NOTHING_FOUND, whole: false, secretParameters: NO_PARAMETERS }
  let secretParameters = NO_PARAMETERS
  const redacted = untilSettled(text, (each) => {
    if (holdsTooMuch(each, 'sql')) return 'doubt'
    if ((each.length > LONGEST_READ || !isUtf8(each)) && speaksOfSecrets(each)) return 'doubt'
    if (each.length > LONGEST_READ) return scanTokens(each)
    const reading = readSql(each, { depth: 0, code: true, once: false })
    if (reading.doubt || reading.exhausted) return 'doubt'
    if (reading.parameters.size > secretParameters.size) secretParameters = reading.parameters
    return reading.spans
  })
  return redacted === 'doubt' ? doubtful(text) : { ...redacted, secretParameters: redacted.whole ? 'all' : secretParameters }
}

/** Whether any parameter of a statement has to be redacted for where it stands, whatever its value. */
export function parametersAreSecret({ secretParameters }: RedactedStatement): boolean {
  return secretParameters === 'all' || secretParameters.size > 0
}

function doubtful(text: Uint8Array): RedactedStatement {
  return { ...wholly('statement', ownCredentialsIn(text)), secretParameters: 'all' }
}

import type { LinkedPerson } from './independence.ts'

/** A person as payloads name them. */
export interface NamedPerson extends LinkedPerson {
  /** For other people to read; decides nothing. */
  readonly displayName: string
}

/** A person as a payload says who they are: names, and the accounts that are known to be theirs. */
export function saidOf({ person: { issuer, subject }, displayName, accounts }: NamedPerson): Buffer {
  return Buffer.from(JSON.stringify({ issuer, subject, displayName, accounts }))
}

/** @returns undefined where that is not what the payload says */
export function personSaid(content: Uint8Array | undefined): NamedPerson | undefined {
  if (!content) return undefined
  const { issuer, subject, displayName = '', accounts = {} } = JSON.parse(Buffer.from(content).toString()) as Record<string, unknown>
  if (typeof issuer !== 'string' || typeof subject !== 'string') return undefined
  return { person: { issuer, subject }, displayName: displayName as string, accounts: accounts as LinkedPerson['accounts'] }
}

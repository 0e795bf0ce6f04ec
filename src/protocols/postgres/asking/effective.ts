import { createHash } from 'node:crypto'
import type { Decided, EffectiveOperation, EffectivePart, Facts } from '../../../operations/index.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'
import type { Named, SessionState } from './fingerprint.ts'

/** One operation of a request, as far as what it comes to depends on it. */
export interface Wanted {
  readonly decided: Decided
  readonly statements: readonly StatementFacts[]
  /** Types that its Parse gives parameters by their numbers, as on the wire. */
  readonly types: Uint8Array | undefined
}

/** The names in them that stand for texts of the session: each once. */
export function namedIn(wanted: readonly Wanted[]): readonly Named[] {
  const named = new Map<string, Named>()
  for (const { statements } of wanted) {
    for (const { executes, fetches } of statements) {
      if (executes !== undefined) named.set(`s${executes}`, { kind: 'prepared statement', name: executes })
      if (fetches !== undefined) named.set(`c${fetches}`, { kind: 'cursor', name: fetches })
    }
  }
  return [...named.values()]
}

/** Whether content follows that nobody has seen when it is asked for: COPY … FROM STDIN. */
export const isStream = (wanted: readonly Wanted[]): boolean =>
  wanted.some(({ statements }) => statements.some(({ effects }) => effects.some(({ action }) => action === 'copy from')))

/**
 * What a request would come to at the target: its operations in order, exactly as they would be forwarded, the texts that they run by name, and
 * the state of the session that gives all of that its meaning.
 *
 * @param resource its configured name
 */
export function effectiveOperation(resource: string, wanted: readonly Wanted[], { fingerprint, texts }: SessionState): EffectiveOperation {
  const { database, ...session } = fingerprint
  return {
    protocol: 'postgres',
    resource,
    ...(database !== undefined && { database }),
    parts: [
      ...wanted.flatMap(({ decided: { operation }, types }): EffectivePart[] => [
        {
          label: 'statement',
          content: operation.statement.text,
          detail: {
            message: operation.form,
            ...(types && { types: numbersOf(types) }),
            ...(operation.facts && { meaning: meaningOf(operation.facts) }),
          },
        },
        ...(operation.parameters === undefined ? [] : [{ label: 'parameters', content: operation.parameters }]),
      ]),
      ...texts.map(({ kind, name, text, types }) => ({ label: kind, content: text, detail: { name, ...(types !== '' && { types }) } })),
    ],
    session,
    facts: wanted.map(({ decided }) => decided.operation.facts).filter((facts): facts is Facts => facts !== undefined),
    stream: isStream(wanted),
  }
}

/**
 * What a text is understood to do, as far as the rules see it: the view that it writes through may be another one when the same text comes again.
 * Which catalog it was looked up in is no difference, nor that a transaction is open.
 */
function meaningOf({ effects, sql }: Facts): string {
  const { catalog: _, transaction: __, ...rest } = sql ?? {}
  return createHash('sha256')
    .update(JSON.stringify([effects, rest]))
    .digest('base64url')
    .slice(0, 22)
}

/** As `pg_type` has them, in the order of the parameters; 0 leaves the type to the server. @param types Int32 each */
function numbersOf(types: Uint8Array): string {
  const bytes = Buffer.from(types.buffer, types.byteOffset, types.byteLength)
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readUInt32BE(4 * at)).join(', ')
}

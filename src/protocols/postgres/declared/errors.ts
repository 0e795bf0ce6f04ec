import { CodedError, type ErrorCatalogue } from '../../../operations/index.ts'

export const declaredErrors = {
  GS_SCHEMA_NOT_UNDERSTOOD: {
    meaning: 'The CREATE statements that describe a database cannot be used.',
    next: 'Write them as pg_dump --schema-only prints them.',
  },
} as const satisfies ErrorCatalogue

/** A description of a database that says nothing certain. */
export class DeclaredError extends CodedError<keyof typeof declaredErrors> {
  /** @param statement from 1; absent: the text as a whole */
  constructor(message: string, statement?: number) {
    const where = statement === undefined ? '' : `Statement ${statement}: `
    super('GS_SCHEMA_NOT_UNDERSTOOD', `${where}${message}`, declaredErrors.GS_SCHEMA_NOT_UNDERSTOOD.next)
  }
}

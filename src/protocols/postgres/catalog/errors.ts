import { CodedError, type ErrorCatalogue } from '../../../operations/index.ts'

export const catalogErrors = {
  GS_CATALOG_REFUSED: {
    meaning: 'The target did not let the gateway read its catalog.',
    next: 'Tell the operator: the role of this resource must be able to read pg_catalog, as every role is by default; the SQLSTATE says more.',
  },
  GS_CATALOG_TOO_LARGE: {
    meaning: 'The catalog of the target database is larger than the gateway reads.',
    next: 'Tell the operator: names in this database stay unknown to rules, until it has fewer relations.',
  },
  GS_CATALOG_SLOW: {
    meaning: 'Reading the catalog of the target took longer than it may.',
    next: 'Retry later; if it stays so, tell the operator to look at the load of the target.',
  },
} as const satisfies ErrorCatalogue

export type CatalogErrorCode = keyof typeof catalogErrors

/** Why the catalog of a target is not known. Its texts are the gateway's own and name nothing of the target. */
export class CatalogError extends CodedError<CatalogErrorCode> {
  /** The target's SQLSTATE, where it refused. */
  readonly sqlstate: string | undefined

  constructor(code: CatalogErrorCode, sqlstate?: string) {
    super(code, catalogErrors[code].meaning, catalogErrors[code].next)
    this.sqlstate = sqlstate
  }
}

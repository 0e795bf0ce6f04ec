import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const searchErrors = {
  GS_SEARCH_QUERY: {
    meaning: 'The search is not one that can be answered.',
    next: 'Search for words of letters or digits, at most 32 of them; a phrase stands in quotes.',
  },
  GS_SEARCH_CURSOR: {
    meaning: 'The cursor does not belong to this search.',
    next: 'Repeat the search with the same words and filters, without --cursor.',
  },
  GS_SEARCH_UNAVAILABLE: {
    meaning: 'The search index cannot be read.',
    next: 'Run: gatescribe trail reindex. It is derived from the log, so nothing is lost; gatescribe trail tail reads the log itself.',
  },
} as const satisfies ErrorCatalogue

export class SearchError extends CodedError<keyof typeof searchErrors> {
  /** @param reason replaces the code's own sentence; never holds what was searched for */
  constructor(code: keyof typeof searchErrors, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? searchErrors[code].meaning, searchErrors[code].next, options)
  }
}

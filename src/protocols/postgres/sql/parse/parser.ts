import type { ParseResult } from 'libpg-query'

/** PostgreSQL's own parser. */
export interface Parser {
  /**
   * @param text UTF-8 text without NUL that passed the pre-scan
   * @returns undefined where it is not SQL as this parser knows it
   * @throws where the parser itself ended (out of memory, out of stack): it may not be used again
   */
  parse(text: string): ParseResult | undefined
}

/** Loads it: 10 ms, once per thread; later calls get the same. */
export async function loadParser(): Promise<Parser> {
  const { loadModule, parseSync, SqlError } = await import('libpg-query')
  await loadModule()
  return {
    parse(text) {
      // What the library refuses as empty is an empty query.
      if (text === '') return { version: 0, stmts: [] }
      try {
        return parseSync(text)
      } catch (error) {
        // Its message quotes the text: it goes nowhere.
        if (error instanceof SqlError) return undefined
        throw error
      }
    },
  }
}

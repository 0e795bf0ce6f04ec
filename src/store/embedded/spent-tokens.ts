import type { SpentTokens } from '../../identity/index.ts'
import type { EmbeddedDatabase } from './database.ts'

const SCHEMA = `
CREATE TABLE spent_token (id BLOB PRIMARY KEY, usable_until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX spent_token_by_end ON spent_token (usable_until);
`

/**
 * Spent tokens in the embedded database. Those that no check would accept any more are dropped as new ones come,
 * a minute late so that a clock that was set back finds them still.
 * @param now milliseconds since the epoch; for tests
 */
export function embeddedSpentTokens(database: EmbeddedDatabase, now: () => number = Date.now): SpentTokens {
  database.migrate('spent-token-1', SCHEMA)
  const { connection } = database
  const forget = connection.prepare('DELETE FROM spent_token WHERE usable_until < ?')
  const insert = connection.prepare('INSERT INTO spent_token (id, usable_until) VALUES (?, ?) ON CONFLICT DO NOTHING')
  return {
    spend(tokenId, usableUntil) {
      forget.run(now() - 60_000)
      return insert.run(tokenId, usableUntil).changes === 1
    },
  }
}

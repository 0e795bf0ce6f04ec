import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Asks for a real part that a test cannot do without. Where it is absent the test is skipped, with the reason;
 * with GATESCRIBE_REQUIRE_ALL=1 (as in CI, which installs everything) that is a failure instead.
 *
 * @example it('speaks to a real psql', (test) => { needs(test, found('psql'), 'psql (Debian: postgresql-client)') … })
 * @param test the context that Vitest hands to a test or to beforeEach
 * @param part what `found` returned, or any condition
 * @param name what is missing, and where it comes from
 */
export function needs(test: { skip(reason?: string): never }, part: unknown, name: string): asserts part {
  if (part) return
  if (process.env.GATESCRIBE_REQUIRE_ALL === '1') throw new Error(`${name} is not here, and GATESCRIBE_REQUIRE_ALL=1 allows no skip`)
  test.skip(`needs ${name}`)
}

/** The path of a command on PATH, or undefined. */
export function found(command: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, command))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * The files that take longest, in the order in which they begin: with two workers, a long file that begins last keeps one of them idle. What mostly waits
 * and what mostly computes take turns here, so that each runs beside the other.
 */
export const LONGEST: readonly string[] = [
  'test/breakglass/its-time.test.ts',
  'test/postgres/evasion/evasions.test.ts',
  'test/packed/packed.test.ts',
  'test/trail/erasure-kill.test.ts',
  'test/recording/kill.test.ts',
  'test/verify/every-byte.test.ts',
  'test/postgres/drivers/sample-configuration.test.ts',
  'test/postgres/masks/leak-hunt.test.ts',
  'test/trail/evidence.test.ts',
  'test/run/signals.test.ts',
  'test/arrows/arrows.test.ts',
  'test/approvals/kill.test.ts',
  'test/postgres/disk-full.test.ts',
  'src/gateway/retention/erasing.test.ts',
  'src/protocols/postgres/sql/facts/lineage-beside-postgres.test.ts',
  'test/exports/receivers.test.ts',
  'src/masking/hostile.test.ts',
  'test/postgres/burst.test.ts',
  'src/protocols/postgres/sql/parse/pool.test.ts',
  'test/kubernetes/matrix/matrix.test.ts',
  'test/kubernetes/masks/through-gateway.test.ts',
  'test/kubernetes/masks/leak-hunt.test.ts',
  'test/kubernetes/plane/asking.test.ts',
  'test/kubernetes/recording/recording.test.ts',
  'test/agents/autogen/team.test.ts',
]

const place = new Map(LONGEST.map((path, at) => [path, at]))

/** As Vitest would, but for the longest files, which come first in their group. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root } = this.ctx.config
    const group = ({ project }: TestSpecification) => project.config.sequence.groupOrder
    const at = ({ moduleId }: TestSpecification) => place.get(relative(root, moduleId)) ?? LONGEST.length
    return (await super.sort(files)).toSorted((one, other) => group(one) - group(other) || at(one) - at(other))
  }
}

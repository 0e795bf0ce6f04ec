import { ALLOW_ALL, type WrittenRule } from '../../test/parts/gateway-config.ts'

/** A rule as large companies have many: for other people, elsewhere. They are found by an index and cost nothing. */
function elsewhere(number: number): WrittenRule {
  const who = { groups: [`github/repo:acme/team-${number}`] }
  if (number % 3 === 0) return { name: `team-${number}-may-read`, effect: 'allow', who, do: ['postgres.read'] }
  if (number % 3 === 1)
    return { name: `nobody-defines-on-${number}`, effect: 'deny', on: { tags: [`tag-${number}`] }, do: ['postgres.define'] }
  return { name: `team-${number}-may-fill`, effect: 'allow', who, do: ['postgres.insert', 'postgres.update'], when: 'sql.bounded' }
}

/** About everybody, everywhere: all of them are asked for each new text. */
const CONDITIONS: readonly WrittenRule[] = [
  { name: 'no-unbounded-writes', effect: 'deny', do: ['postgres.update', 'postgres.delete'], when: '!sql.bounded' },
  { name: 'no-secrets', effect: 'deny', do: ['postgres.*'], when: 'sql.reads.exists(t, t.startsWith("secret."))' },
  { name: 'no-orders', effect: 'deny', do: ['postgres.*'], when: '"public.orders" in sql.writes' },
  { name: 'no-salaries', effect: 'deny', do: ['postgres.read'], when: 'sql.columns.output.exists(c, c.endsWith(".salary"))' },
  { name: 'jobs-of-main', effect: 'deny', do: ['postgres.write'], when: 'run.commit == "0000"' },
]

/** Fifty rules, five of them conditions that concern every statement; what is asked in the benchmark is allowed. */
export const FIFTY_RULES: readonly WrittenRule[] = [ALLOW_ALL, ...CONDITIONS, ...Array.from({ length: 44 }, (_, at) => elsewhere(at))]

import {
  GIVES_ROWS,
  KEEPS_ARGUMENTS,
  NEVER_FAILS,
  OPERATORS_NEVER_FAIL,
  SHOW_NOTHING,
} from '../src/protocols/postgres/catalog/builtin/flow.ts'
import { FUNCTIONS, INFORMATION_FUNCTIONS, OPERATORS } from '../src/protocols/postgres/catalog/builtin/generated.ts'
import { HARMLESS_VOLATILE } from '../src/protocols/postgres/catalog/builtin/special-functions.ts'
import { KNOWN_EXTENSIONS } from '../src/protocols/postgres/catalog/trust.ts'

/** Where the page is kept, relative to the checkout. */
export const LINEAGE_PAGE = 'docs/lineage.md'

const names = (all: Iterable<string>): string =>
  [...all]
    .sort()
    .map((name) => `\`${name}\``)
    .join(', ')
const words = (text: string): readonly string[] => text.split(/\s+/)

/** The page, Markdown. */
export function lineagePage(): string {
  return `# What flows into the columns of a result

Where masks name columns, each column of a result is followed back to the columns of base tables that it may be made of. Three things are said of it:

- **from**: every column that may be part of its value, of base tables, of their partitions, parents and children, and of the views on the way;
- **plain**: it is one column of a base table, handed through unchanged;
- **certain**: nothing else can be in it. What is not certain may hold anything.

On doubt a column flows, and the result is not certain. A test runs thousands of statements in databases that differ in the values of one column each: what a
result differs by has to be in its list.

## Followed

Subqueries, WITH (also RECURSIVE), LATERAL, joins with USING and NATURAL, set operations, VALUES, whole rows and their fields, RETURNING with what the statement itself
writes (\`old\`, \`new\`, \`excluded\`), COPY TO, and EXECUTE and FETCH by the statement behind the name.

**Views and materialized views** are followed column by column, by the rule trees that the target stores (up to 256 KiB for one view). What a view selects, joins, groups and orders
by is its author's choice, and no part of its values; what a value in it is compared, partitioned or ordered by within an expression is. A view whose tree cannot be
read may be made of all that it uses, and is not certain. **Generated columns** are made of what they are computed from. A **foreign table** is not certain.

**EXPLAIN** shows constants and expressions, and no values of columns. **SHOW** and the system catalogs are certain, but for statistics, large objects, sequences, what other
sessions do, secrets, and settings with a dot in their names.

## What does not let a value through

\`count(x)\`, \`x IS NULL\` and \`x IS NOT NULL\`, where \`x\` is plain: \`count(nullif(x, 'guess'))\` lets it through. \`pg_typeof\`, \`GROUPING\` and \`EXISTS\`. Everything else does: \`length(x)\`, \`x = 'guess'\`,
\`md5(x)\`.

## What chooses rows

Besides WHERE, ON, USING, GROUP BY, HAVING, ORDER BY, DISTINCT, LIMIT, UNION and the like: PARTITION BY, ORDER BY and FILTER of aggregates and windows, what \`IN (SELECT …)\` and \`EXISTS\` are about, the
columns of ON CONFLICT, of CYCLE, of indexes, keys and statistics, those of tables that are put in the order of an index (CLUSTER) or whose partitions get bounds, a column whose type
is altered, and what functions in FROM, and those that give rows, are given:
${names(GIVES_ROWS)}.
Columns that do are in \`sql.columns.predicate\`.

## What may fail

Whoever sees no value may see whether there is a result: \`1 / (ascii(email) - 97)\`, \`CASE WHEN email = 'guess' THEN 1 / 0 END\`. Columns that stand within an expression that may fail, or that decide which way
it takes, are in \`sql.columns.tests\`. These never do: columns, rows, arrays, COALESCE of columns or before constants and columns, results of CASE, casts to \`text\` and \`varchar\`, the operators ${names(OPERATORS_NEVER_FAIL)}, and
${names(NEVER_FAILS)}.
Yet what a value is looked up by may be made to be NULL or not: subscripts, what stands to the right of \`->\`, \`->>\`, \`#>\` and \`#>>\`, and names of members in JSON count as tested.

## What is kept

\`sql.columns.sources\` are columns that flow into what is written or stored: INSERT, UPDATE, MERGE, CREATE TABLE AS, SELECT INTO, COPY to a file or program, everything that a definition uses, and what is
given to functions that have an effect (\`set_config\`, \`pg_notify\`, \`setval\`, \`lo_put\`, \`pg_sleep\`, …), or that keep it: ${names(KEEPS_ARGUMENTS)}. A partition that is detached, or a child
that is disinherited, takes the values of all its columns along.

## What is certain

Constants, parameters, columns, and what is made of them by:

- functions of PostgreSQL itself that give a value and do nothing else, as they are in PostgreSQL 15 to 18, and those with an effect that give back nothing of any table (${names(SHOW_NOTHING)});
- operators of PostgreSQL itself, and those of others that are harmless;
- casts to types without code of users behind them;
- functions of these extensions, where they are in C and immutable or stable: ${names(KNOWN_EXTENSIONS)}.

A function of a user anywhere in the search_path that may be meant makes a call uncertain. Never certain: functions that run SQL or read relations, files or large objects by name (\`query_to_xml\`,
\`table_to_xml\`, \`pg_read_file\`, \`lo_get\`, …), and every other function that does more than give a value ([what they do](postgres-effects.md)).

<details><summary>Functions (${words(FUNCTIONS).length + words(INFORMATION_FUNCTIONS).length})</summary>

${names(words(FUNCTIONS))}

In \`information_schema\`: ${names(words(INFORMATION_FUNCTIONS))}

Of these, volatile only because another call gives another value: ${names(HARMLESS_VOLATILE)}

</details>

<details><summary>Operators (${words(OPERATORS).length})</summary>

${words(OPERATORS)
  .map((name) => (name.includes('`') ? `\`\` ${name} \`\`` : `\`${name}\``))
  .join(' ')}

</details>

Generated from the code by \`npm run docs\`; a test fails where it is stale.
`
}

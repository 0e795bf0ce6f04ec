import { POSTGRES_ACTIONS, POSTGRES_CLASSES, POSTGRES_NAMED_ONLY, type PostgresClass } from '../src/operations/index.ts'

/** Where the page is kept, relative to the checkout. */
export const EFFECTS_PAGE = 'docs/postgres-effects.md'

const CLASSES: Readonly<Record<PostgresClass, string>> = {
  session: 'What every driver needs to connect and keep house. Comes with any allow on the resource.',
  read: 'Rows of users are read.',
  write: 'Rows, sequences or large objects change, or others are made to wait or are told something.',
  define: 'Definitions change: DDL, and maintenance.',
  admin: 'Roles, privileges, protection or the server itself change.',
  credential: 'A credential is made, changed or read.',
  backend: 'Other sessions are looked at or disturbed.',
  statistics: 'Statistics are read, which hold values of columns.',
  opaque:
    'Something runs that the gateway cannot look into. What else the statement has is said too; what it reads and writes is not known.',
}

/** The page, Markdown. */
export function effectsPage(): string {
  const sections = POSTGRES_CLASSES.map((name) => {
    const rows = [...POSTGRES_ACTIONS]
      .filter(([, action]) => action.class === name)
      .map(([action, { meaning }]) => `| \`postgres.${action}\` | ${meaning.replaceAll('|', '\\|')} |`)
    return [`## postgres.${name}`, '', CLASSES[name], '', '| action | when |', '|---|---|', ...rows, ''].join('\n')
  })
  return [INTRODUCTION, ...sections, FACTS].join('\n')
}

const named = [...POSTGRES_NAMED_ONLY].map((name) => `\`${name}\``).join(', ')

const INTRODUCTION = `# What PostgreSQL statements do

A rule says in \`do\` what it speaks of: a class (\`postgres.read\`), an action (\`postgres.drop table\`), or \`postgres.*\`. To permit, \`postgres.*\`
is every class but ${named}: those are permitted only where a rule names them, or an action of theirs.

A statement has the effects of all its parts, wherever they stand: in WITH, in a subquery, in a function's argument, in a view that it uses.
**Every one of them must be permitted.** Effects are always known: what is not understood is \`opaque\`.

Generated from the code by \`npm run docs\`; a test fails where it is stale.
`

const FACTS = `## What is decided how

- **Plain EXPLAIN** has the reads of its statement and \`explain\`; with ANALYZE, or where it is not clear, everything that the statement has.
- **The target of UPDATE, DELETE and MERGE** needs no \`read\` of its own: whoever may delete rows may say which. \`sql.reads\` lists it where its
  columns are used. RETURNING of rows that were there before (UPDATE, DELETE, MERGE, INSERT … ON CONFLICT DO UPDATE) is a \`select\`.
- **PREPARE and DECLARE** have the effects of their statement too; **EXECUTE and FETCH** those of the one that they name, judged as it would run
  then. A name that is not known is \`opaque\`.
- **MERGE** has \`merge\` and whatever its branches do.
- **SELECT … FOR UPDATE** and kin lock what they name: \`lock\`, and \`sql.writes\` lists it. \`LOCK TABLE\` too, but for ACCESS SHARE.
- **Definitions do not run** what they hold: defaults, views, triggers, functions, policies. What fills a table or an index does: CREATE TABLE AS,
  CREATE INDEX, ALTER TABLE, REFRESH.
- **COPY** is \`copy to\` or \`copy from\`; a file or program of the server adds \`copy file\` or \`copy program\`. \`COPY (query)\` has what the query has.
- **Functions**: built-in ones that only compute have no effect; others have one, or are \`opaque\`. C functions of extensions that are declared
  immutable or stable are taken at their word; all other code of users is \`opaque\`, also behind operators, casts, types, triggers, rules, defaults,
  constraints, row security and event triggers. A function of a user anywhere in the search_path may be what a name means.
- **System catalogs** are \`catalog read\`, a \`session\` effect, but for those above that hold secrets, statistics or what others do. Options of foreign
  servers are not among the secrets: PostgreSQL shows them to everyone, and pg_dump asks for them always.

## What is known besides

\`sql.reads\` and \`sql.writes\` are relations as \`schema.name\`, with all that stands behind them: views and what they are made from, partitions and
inheritance in both directions, TOAST, cascading foreign keys. Temporary ones are \`pg_temp.name\`. Parts that hold a dot or a quote are quoted as in
SQL. \`sql.writes\` also lists what definitions make, change or remove. \`sql.functions\` are functions that are called, built-in ones too.

\`sql.columns.output\`, \`.predicate\` and \`.written\` are columns as \`schema.relation.column\`, by use. \`*\` and whole rows list every column, and
\`schema.relation.*\`. Everything that is not a condition, an order or a grouping counts as output, in subqueries too. A column of a view stands for those
that it is made of, and for all that the view uses where its definition cannot be read. [lineage.md](lineage.md) says how columns are followed.

\`sql.bounded\` is false where some UPDATE or DELETE has no condition on its target, or one that always holds (\`id = id\`, \`1 = 1\`): a net for
mistakes, not a proof.

What is not certain is *unknown*, and never empty: a name that the catalog does not hold, a temporary table or search_path that was lost sight of,
DROP … CASCADE, a sequence that comes as a parameter. With an \`opaque\` effect nothing but \`sql.bounded\` is known, for code may read and write
anything. A rule that asks for what is unknown permits nothing, and a deny or ask then denies.
`

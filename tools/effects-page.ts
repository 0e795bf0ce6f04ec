import {
  type EgressClass,
  type HttpClass,
  type KubernetesClass,
  type McpClass,
  type ModelClass,
  PLANE_KINDS,
  PLANES,
  type PostgresClass,
  type Resource,
} from '../src/operations/index.ts'

type Kind = Resource['kind']

/** What a page says besides the table. */
interface Words {
  readonly introduction: string
  readonly classes: Readonly<Record<string, string>>
  readonly facts: string
}

/** The pages by their place, relative to the checkout: Markdown. */
export function effectsPages(): ReadonlyMap<string, string> {
  return new Map(PLANE_KINDS.map((kind) => [PLANES[kind].page, pageOf(kind)]))
}

function pageOf(kind: Kind): string {
  const { classes, actions } = PLANES[kind]
  const { introduction, classes: about, facts } = WORDS[kind]
  const sections = classes.flatMap((name) => {
    const rows = [...actions]
      .filter(([, action]) => action.class === name)
      .map(([action, { meaning }]) => `| \`${kind}.${action}\` | ${meaning.replaceAll('|', '\\|')} |`)
    return rows.length === 0
      ? []
      : [[`## ${kind}.${name}`, '', about[name] ?? '', '', '| action | when |', '|---|---|', ...rows, ''].join('\n')]
  })
  return [introduction, ...sections, facts].join('\n')
}

const namedOf = (kind: Kind) => [...PLANES[kind].namedOnly].map((name) => `\`${name}\``).join(', ')

const POSTGRES_CLASS_TEXTS: Readonly<Record<PostgresClass, string>> = {
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

const KUBERNETES_CLASS_TEXTS: Readonly<Record<KubernetesClass, string>> = {
  session: 'What every client needs to find its way. Comes with any allow on the resource.',
  get: 'One object, or one part of it, is read.',
  list: 'All objects of a kind are read.',
  watch: 'Objects are read as they change, for as long as the request lasts.',
  create: 'Something is made.',
  update: 'Something is replaced.',
  patch: 'Something is changed in part.',
  delete: 'Something is removed.',
  deletecollection: 'Much is removed at once.',
  exec: 'Code runs in a container that is there, or may.',
  attach: 'The input and output of what runs in a container are taken over.',
  portforward: 'Connections into a pod are opened.',
  logs: 'What programs wrote is read: it may hold anything.',
  proxy: 'Requests go through the API server to something else, and do there whatever that does.',
  impersonate: 'The request is to be done as somebody else.',
  credential: 'A credential is made, or power is handed out: who may do this may do everything, sooner or later.',
  opaque: 'The gateway does not know what happens.',
}

const HTTP_CLASS_TEXTS: Readonly<Record<HttpClass, string>> = {
  session: 'Nothing has it.',
  get: 'Reads, as far as the method says it: no server is bound to it.',
  head: 'The same without what is read.',
  options: 'Asks what can be done.',
  post: 'Hands something in: most APIs make, run or search by it.',
  put: 'Replaces.',
  patch: 'Changes in part.',
  delete: 'Removes.',
  other: 'Anything else.',
}

const MODEL_CLASS_TEXTS: Readonly<Record<ModelClass, string>> = {
  session: 'What SDKs ask before they call. Comes with any allow on the resource.',
  call: 'A model answers, and that costs.',
  answer: 'An answer of a model asks for a tool. Comes with whatever permits a call; it is there to be denied.',
  other: 'Anything else that the API can do.',
}

const MCP_CLASS_TEXTS: Readonly<Record<McpClass, string>> = {
  session: 'What every client needs to begin, to go on and to end. Comes with any allow on the resource.',
  list: 'Says what there is.',
  call: 'A tool runs.',
  read: 'A resource of the server is read.',
  prompt: 'A prompt of the server is read.',
  sampling: 'The server has the client\u2019s model answer: it spends, and it speaks to the agent.',
  elicitation: 'The server asks somebody at the client.',
  roots: 'The server learns of the client\u2019s folders.',
  other: 'The gateway does not know what happens.',
}

const EGRESS_CLASS_TEXTS: Readonly<Record<EgressClass, string>> = {
  session: 'Nothing has it.',
  connect: 'A connection, whose bytes nobody reads: it is allowed or refused as a whole.',
}

const GENERATED = `Generated from the code by \`npm run docs\`; a test fails where it is stale.
`

const POSTGRES_INTRODUCTION = `# What PostgreSQL statements do

A rule says in \`do\` what it speaks of: a class (\`postgres.read\`), an action (\`postgres.drop table\`), or \`postgres.*\`. To permit, \`postgres.*\`
is every class but ${namedOf('postgres')}: those are permitted only where a rule names them, or an action of theirs.

A statement has the effects of all its parts, wherever they stand: in WITH, in a subquery, in a function's argument, in a view that it uses.
**Every one of them must be permitted.** Effects are always known: what is not understood is \`opaque\`.

${GENERATED}`

const KUBERNETES_INTRODUCTION = `# What requests to a Kubernetes API server do

A rule says in \`do\` what it speaks of: a class (\`kubernetes.get\`), an action (\`kubernetes.evict\`), or \`kubernetes.*\`. To permit, \`kubernetes.*\`
is every class but ${namedOf('kubernetes')}: those are permitted only where a rule names them, or an action of theirs.

A request has one effect for its verb, as the API server's own authorizers see it, and others for what it brings along: to be done as somebody
else, to hand out power. **Every one of them must be permitted.** Effects are always known: what is not understood is \`opaque\`.

${GENERATED}`

const HTTP_INTRODUCTION = `# What HTTP requests do

A rule says in \`do\` what it speaks of: a class (\`http.get\`), or \`http.*\`, which is all of them. Nothing is known of an API but HTTP: the method
says what a request is meant to do, and no server is bound to it. A rule that permits an API by methods alone trusts that API; name paths:
\`when: http.path.startsWith("/v1/orders/")\`.

${GENERATED}`

const KUBERNETES_FACTS = `## What is decided how

- **A watch is one however it is asked for**: \`?watch=1\` and \`/watch/\` paths. So is a channel: exec, attach and
  port-forward are what they are with GET and with POST, over WebSocket and over SPDY.
- **Server-side apply** makes the object where it is not there: it has \`apply\` and \`create by apply\`.
- **Subresources** are in the class of their verb, but for those that have one of their own: exec, attach, portforward, log, proxy, eviction,
  ephemeralcontainers, token, approval. \`k8s.subresource\` names them.
- **nodes/proxy** reaches the API of a kubelet, which runs commands in any pod of its node, also by GET: it is \`proxy node\` and \`run on node\`.
- **Power that is handed out** is \`credential\` besides what its verb is: roles and bindings, tokens, certificates, Secrets that the server puts a
  token into. Reading a Secret is \`get\`, \`list\` or \`watch\`: say \`k8s.resource != "secrets"\`, or mask it ([masks.md](masks.md)).
- **What is not in a class of its own and gives power all the same**: creating pods in a namespace gives whatever its service accounts may do and
  whatever its Secrets hold; admission webhooks and aggregated APIs see what others send. Rules that permit \`create\` name the resources.
- **A request that is read differently by different servers is refused**, whatever the rules say: a path that is not canonical, a parameter or a
  member of JSON that comes twice where it may come once.

## What is known besides

\`k8s.verb\`, \`.group\`, \`.version\`, \`.resource\`, \`.subresource\`, \`.namespace\`, \`.name\` are what the API server computes of path and query.
\`""\` is what Kubernetes itself calls empty: the core group, no subresource, no namespace, the name of a list. \`k8s.path\` is the path where it is no
resource. \`k8s.command\` is every argument of an exec, in order, \`k8s.container\` the container that is named. \`k8s.dryRun\`, \`.fieldManager\`,
\`.labelSelector\` and \`.fieldSelector\` are of the query.

\`k8s.object\` is the object that is sent, of create, update and server-side apply, where it is JSON or plain YAML of up to 3 MiB;
\`k8s.patch\` what another patch says, \`k8s.patchType\` which (\`json\`, \`merge\`, \`strategic\`, \`apply\`). Larger ones, protobuf and CBOR are
*unknown*, and so is what is in them. A rule that asks for what is unknown permits nothing, and a deny or ask then denies.
`

const HTTP_FACTS = `## What is known besides

\`http.method\` as it was sent, \`http.host\` of the target, \`http.path\` and \`http.query\` in canonical form: a path that servers read differently is
refused. \`http.headers\` are those that say what is asked for, by name in lower case, never a credential: \`http.headers["content-type"]\`.
Bodies are recorded, and no fact.
`

const POSTGRES_FACTS = `## What is decided how

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

const MODEL_INTRODUCTION = `# What requests to models do

A rule says in \`do\` what it speaks of: a class (\`model.call\`), an action (\`model.embeddings\`), or \`model.*\`, which permits all classes but
${namedOf('model')} and denies all of them. Which model, which tools and how large is said by \`when\`: \`model.model in ["gpt-4o-mini"]\`.

${GENERATED}`

const MODEL_FACTS = `## What is known besides

\`model.provider\` is what the API speaks like: \`openai\`, \`anthropic\` or \`azure-openai\`. \`model.endpoint\` is \`chat\`, \`responses\`,
\`completions\`, \`embeddings\`, \`messages\`, \`countTokens\` or \`models\`. \`model.model\` is the model as the request names it; of Azure its
deployment. \`model.tools\` are the names of the tools that are offered to it. \`model.stream\` says whether the answer comes in pieces.
\`model.estimatedTokens\` is what the request comes to, as the gateway estimates it before it is sent, and \`model.maxTokens\` the most that the answer
may have, where the request says it; else it is unknown.

\`model.toolCalls\` is known of answers only: the names of the tools that an answer calls. A rule \`effect: deny, do: [model.answer], when: "drop_table"
in model.toolCalls\` refuses such an answer instead of handing it to the agent. Answers that no rule denies are no operations of their own.

A rule that asks for what is unknown permits nothing, and a deny or ask then denies.
`

const MCP_INTRODUCTION = `# What messages of MCP do

A rule says in \`do\` what it speaks of: a class (\`mcp.call\`), an action (\`mcp.read resource\`), or \`mcp.*\`, which permits all classes but
${namedOf('mcp')} and denies all of them. Which tool, and with what, is said by \`when\`: \`tool.name == "search" && tool.arguments.limit <= 10\`.
A tool that no rule could permit a run is not among those that it is shown.

${GENERATED}`

const MCP_FACTS = `## What is known besides

\`tool.server\` is the resource. \`tool.method\` is the method of MCP, such as \`tools/call\`. \`tool.name\` is the tool or prompt, \`tool.arguments\` what
it is called with: objects, lists and values as they were sent. \`tool.uri\` is the resource of MCP that is read. What a message does not name is \`""\`;
arguments that were not sent are unknown.

Arguments are compared, not computed with, and a loop over them (\`tool.arguments.tables.all(t, t.startsWith("staging."))\`) is bounded by what all of
them come to. A rule that asks for what is unknown permits nothing, and a deny or ask then denies.
`

const EGRESS_INTRODUCTION = `# What is done through the forward proxy

A rule says in \`do\` what it speaks of: \`egress.connect\`, or \`egress.*\`, which is the same.

${GENERATED}`

const EGRESS_FACTS = `## What is known besides

\`egress.host\` is the name that the client asks for, in lower case; the TLS server name within is the same, or the connection ends. \`egress.port\` is
the port. What is said over the connection is not known: it is encrypted for somebody else.
`

const WORDS: Readonly<Record<Kind, Words>> = {
  postgres: { introduction: POSTGRES_INTRODUCTION, classes: POSTGRES_CLASS_TEXTS, facts: POSTGRES_FACTS },
  kubernetes: { introduction: KUBERNETES_INTRODUCTION, classes: KUBERNETES_CLASS_TEXTS, facts: KUBERNETES_FACTS },
  http: { introduction: HTTP_INTRODUCTION, classes: HTTP_CLASS_TEXTS, facts: HTTP_FACTS },
  model: { introduction: MODEL_INTRODUCTION, classes: MODEL_CLASS_TEXTS, facts: MODEL_FACTS },
  mcp: { introduction: MCP_INTRODUCTION, classes: MCP_CLASS_TEXTS, facts: MCP_FACTS },
  egress: { introduction: EGRESS_INTRODUCTION, classes: EGRESS_CLASS_TEXTS, facts: EGRESS_FACTS },
}

// Who may use whom. Every rule says why; test/arrows plants one forbidden import per rule and fails where it is not reported.
// A rule that must change is changed here, with a sentence saying why.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const tests = '[.]test[.]ts$'
const room = '^src/([^/]+)/'

/** @type {import('dependency-cruiser').IConfiguration['forbidden']} */
const forbidden = [
  {
    name: 'operations-import-nothing',
    comment:
      'The shared vocabulary is at the bottom: if it knew a room, every room would know that room. What a stream of bytes is, is the word of Node.',
    severity: 'error',
    from: { path: '^src/operations/', pathNot: tests },
    to: { pathNot: ['^src/operations/', '^(node:)?stream$'] },
  },
  {
    name: 'wire-imports-only-operations',
    comment:
      'A codec is bytes in, messages out. Without the rest of the house around it, it can be tested at every byte offset and fuzzed.',
    severity: 'error',
    from: { path: '^src/(protocols/[^/]+/wire)/', pathNot: tests },
    to: { path: '^src/', pathNot: ['^src/operations/', '^src/$1/'] },
  },
  {
    name: 'wire-does-no-io',
    comment:
      'No sockets, clocks, files or libraries in a codec: the same bytes give the same messages. Digests are part of some wires (SCRAM, channel binding); nonces come in as arguments.',
    severity: 'error',
    from: { path: '^src/protocols/[^/]+/wire/', pathNot: tests },
    to: { pathNot: ['^src/', '^(node:)?(buffer|crypto)$'] },
  },
  {
    name: 'protocols-keep-to-their-side-of-the-guard',
    comment:
      'A protocol knows its wire and how to say no in it. It never reads a rule, writes an entry, talks to an approver or opens the store: that is what makes the guard the only way.',
    severity: 'error',
    from: { path: '^src/protocols/', pathNot: tests },
    to: { path: '^src/', pathNot: ['^src/(operations|guard|masking|recording|protocols|identity|credentials)/'] },
  },
  {
    name: 'protocols-never-import-one-another',
    comment:
      'A protocol is one folder, added or removed as one; http/ is the reverse-proxy core that others stand on, door/ what every listener does with those who have not said who they are.',
    severity: 'error',
    from: { path: '^src/protocols/([^/]+)/' },
    to: { path: '^src/protocols/', pathNot: '^src/protocols/($1|http|door)/' },
  },
  {
    name: 'protocols-only-ask-identity-who-it-is',
    comment:
      'Of identity/ a protocol sees the type of "whose credential is this?" and is given the answer; types are erased, so none of its code is reachable from a wire.',
    severity: 'error',
    from: { path: '^src/protocols/', pathNot: tests },
    to: { path: '^src/identity/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'protocols-hold-no-credentials',
    comment:
      'Secrets are handed out only as a logged-in connection. A log-in function may name the types of what it is given (login/ only, types only); nothing else of a protocol knows that credentials exist.',
    severity: 'error',
    from: { path: '^src/protocols/', pathNot: ['^src/protocols/[^/]+/login/', tests] },
    to: { path: '^src/credentials/' },
  },
  {
    name: 'log-ins-see-only-types-of-credentials',
    comment:
      'Secret in, logged-in connection out: the gateway gives credentials/ the log-in function, so neither room runs code of the other.',
    severity: 'error',
    from: { path: '^src/protocols/[^/]+/login/', pathNot: tests },
    to: { path: '^src/credentials/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'only-the-gateway-knows-protocols',
    comment: 'A new protocol is a new folder and one line in gateway/: no other room may come to depend on one.',
    severity: 'error',
    from: { path: '^src/', pathNot: ['^src/(protocols|gateway)/', tests] },
    to: { path: '^src/protocols/' },
  },
  {
    name: 'pure-rooms-import-only-operations',
    comment: 'policy/ and masking/ give the same answer for the same input; a rule test over recorded history is worth nothing otherwise.',
    severity: 'error',
    from: { path: '^src/policy/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|policy)/' },
  },
  {
    name: 'masking-imports-only-operations-and-redaction',
    comment:
      'What a token looks like is said once, in redaction/, which is as pure as masking/ is; from any other room a mask would get an answer that depends on more than the bytes.',
    severity: 'error',
    from: { path: '^src/masking/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|redaction|masking)/' },
  },
  {
    name: 'masking-stands-on-one-library',
    comment: 'Linear-time patterns, without a clock, file or socket; a second library on the way of every row should be argued for here.',
    severity: 'error',
    from: { path: '^src/masking/', pathNot: tests },
    to: { path: '(^|/)node_modules/', pathNot: '(^|/)node_modules/re2js/' },
  },
  {
    name: 'pure-rooms-do-no-io',
    comment:
      'Time and randomness come in as arguments. Of Node they may use bytes and digests, nothing that reads a clock, a file or a socket.',
    severity: 'error',
    from: { path: '^src/(policy|masking|search)/', pathNot: tests },
    to: { dependencyTypes: ['core'], pathNot: '^(node:)?(buffer|crypto)$' },
  },
  {
    name: 'policy-stands-on-two-libraries',
    comment:
      'An expression language and linear-time patterns, both without a clock, file or socket; a third library on the path of every decision should be argued for here.',
    severity: 'error',
    from: { path: '^src/policy/', pathNot: tests },
    to: { path: '(^|/)node_modules/', pathNot: '(^|/)node_modules/(@marcbachmann/cel-js|re2js)/' },
  },
  {
    name: 'redaction-stands-alone',
    comment:
      'What is stored must depend on nothing but what came in: no clock, file, library or other room between a secret and its removal. Of Node it uses bytes.',
    severity: 'error',
    from: { path: '^src/redaction/', pathNot: tests },
    to: { pathNot: ['^src/(operations|redaction)/', '^(node:)?(buffer|crypto)$'] },
  },
  {
    name: 'log-formats-import-only-operations',
    comment:
      'What gateway, witness and verifier read a log with is one room below all three: a verifier that stood on the gateway would prove nothing about it.',
    severity: 'error',
    from: { path: '^src/tlog/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|tlog)/' },
  },
  {
    name: 'log-formats-do-no-io',
    comment:
      'Bytes in, answers out: the same note, tile or proof gives the same verdict everywhere. Tiles are read by a function that comes in; of Node it uses bytes and digests.',
    severity: 'error',
    from: { path: '^src/tlog/', pathNot: tests },
    to: { pathNot: ['^src/', '^(node:)?(buffer|crypto)$'] },
  },
  {
    name: 'witness-imports-only-log-formats',
    comment: 'A witness is run by a second team against the gateway: it must not share the code that it watches, but for the formats.',
    severity: 'error',
    from: { path: '^src/witness/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|tlog|witness)/' },
  },
  {
    name: 'verify-stands-alone',
    comment:
      'The verifier is a second implementation, of the formats too: what it shared with the gateway it could not find wrong. Nothing but itself and Node.',
    severity: 'error',
    from: { path: '^src/verify/', pathNot: tests },
    to: { pathNot: '^src/verify/', dependencyTypesNot: ['core'] },
  },
  {
    name: 'search-derives-from-the-log-alone',
    comment:
      'The index is worth something because it is nothing but the log, derived: with the same entries anybody comes to the same one. Where it is kept is behind its interface.',
    severity: 'error',
    from: { path: '^src/search/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|tlog|trail|search)/' },
  },
  {
    name: 'search-sees-only-types-of-the-trail',
    comment: 'It reads the stream of entries that comes in, and cannot come to stand on how the log is written, sealed or kept.',
    severity: 'error',
    from: { path: '^src/search/', pathNot: tests },
    to: { path: '^src/trail/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'evidence-imports-only-trail-and-formats',
    comment:
      'What an auditor is given is made from the log alone, with the formats that anybody can read: neither rules nor runs nor the index have a say in it.',
    severity: 'error',
    from: { path: '^src/evidence/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|tlog|trail|evidence)/' },
  },
  {
    name: 'retention-plans-from-the-log-alone',
    comment:
      'What is erased, held and pruned follows from entries, holds and moments that come in: anybody with the same log comes to the same plan, before anything has gone.',
    severity: 'error',
    from: { path: '^src/retention/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|trail|retention)/' },
  },
  {
    name: 'retention-takes-nothing-away-itself',
    comment:
      'A plan is values. Whoever carries it out is the gateway, with the trail in its order of steps; of the trail the planners see types, of Node bytes.',
    severity: 'error',
    from: { path: '^src/retention/', pathNot: tests },
    to: { pathNot: ['^src/(operations|retention)/', '^(node:)?buffer$'], dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'approvals-import-operations-runs-and-trail',
    comment:
      'Whom to ask, and whether an answer counts, depends neither on a wire nor on the policy nor on how people signed in: all that comes in as values. Where requests are kept is behind an interface.',
    severity: 'error',
    from: { path: '^src/approvals/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|redaction|runs|trail|approvals)/' },
  },
  {
    name: 'approvals-see-only-types-of-runs-and-trail',
    comment: 'It is given an account to charge and a trail to write, and can come to stand on neither.',
    severity: 'error',
    from: { path: '^src/approvals/', pathNot: tests },
    to: { path: '^src/(runs|trail)/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'break-glass-imports-operations-approvals-and-trail',
    comment:
      'Who may open what depends neither on a wire nor on the policy that it sets aside: which resources, who is revoked and what is configured come in as values. Whether two persons are two is what approvals say.',
    severity: 'error',
    from: { path: '^src/breakglass/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|redaction|approvals|runs|trail|breakglass)/' },
  },
  {
    name: 'break-glass-sees-only-types-of-runs-and-trail',
    comment: 'It is given a trail to write and asked about runs, and can come to stand on neither.',
    severity: 'error',
    from: { path: '^src/breakglass/', pathNot: tests },
    to: { path: '^src/(runs|trail)/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'pins-import-only-operations',
    comment:
      'Whether a tool is the one that somebody looked at is a comparison of what comes in with what is kept; where it is kept, and who is told, is behind interfaces.',
    severity: 'error',
    from: { path: '^src/pins/', pathNot: tests },
    to: { pathNot: ['^src/(operations|pins)/', '^(node:)?crypto$'] },
  },
  {
    name: 'mcp-stdio-imports-operations-and-redaction',
    comment:
      "It runs beside the gateway, under another user's rights or a job's: what it does not import it cannot give away to a program of somebody else's.",
    severity: 'error',
    from: { path: '^src/mcp-stdio/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|redaction|mcp-stdio)/' },
  },
  {
    name: 'card-is-made-of-values',
    comment:
      'Every channel shows the same card, also one in another process: it is made of what comes in. Of other rooms it sees types, of Node bytes.',
    severity: 'error',
    from: { path: '^src/card/', pathNot: tests },
    to: { pathNot: ['^src/(operations|card)/', '^(node:)?buffer$'], dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'channels-import-operations-approvals-and-the-card',
    comment:
      'What is told outside, and what comes back from there, meets approvals only as values and functions that come in: a channel is one folder, and the rest of the house would not miss it.',
    severity: 'error',
    from: { path: '^src/channels/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|approvals|card|credentials|outbound|channels)/' },
  },
  {
    name: 'channels-see-only-types-of-approvals-and-credentials',
    comment: 'It is told of requests and given what answers them; a secret comes from a function, at the moment of use.',
    severity: 'error',
    from: { path: '^src/channels/', pathNot: tests },
    to: { path: '^src/(approvals|credentials)/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'outbound-imports-only-operations',
    comment:
      'How something is posted to somebody outside, and signed, is said once below all who tell others: it knows neither what is told nor whose secret it is.',
    severity: 'error',
    from: { path: '^src/outbound/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|outbound)/' },
  },
  {
    name: 'exports-derive-from-the-log-alone',
    comment:
      'What a receiver gets is the log in another form: neither rules nor runs nor the index have a say in it. Where cursors are kept, and secrets come from, is behind interfaces.',
    severity: 'error',
    from: { path: '^src/exports/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|tlog|trail|credentials|outbound|exports)/' },
  },
  {
    name: 'exports-see-only-types-of-trail-and-credentials',
    comment: 'It reads entries that come in and can open none of their payloads; a secret comes from a function, at the moment of use.',
    severity: 'error',
    from: { path: '^src/exports/', pathNot: tests },
    to: { path: '^src/(trail|credentials)/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'recording-imports-operations-redaction-and-trail',
    comment:
      'It takes down what it is given and cannot be steered by rules or wires: how a protocol reads its bytes comes in as a function. Of the trail it sees types.',
    severity: 'error',
    from: { path: '^src/recording/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|redaction|trail|recording)/' },
  },
  {
    name: 'recording-sees-only-types-of-the-trail',
    comment: 'It is given a trail to note in, and one to read from, and can come to stand on how neither of them is kept.',
    severity: 'error',
    from: { path: '^src/recording/', pathNot: tests },
    to: { path: '^src/trail/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'connector-imports-only-operations',
    comment:
      'One end runs beside private targets, in a process that starts fast and knows nothing of the gateway: what it does not import it cannot load. Who is enrolled, and what is written down, comes in.',
    severity: 'error',
    from: { path: '^src/connector/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|connector)/' },
  },
  {
    name: 'connector-stands-on-node',
    comment:
      'What carries the bytes of every private target is HTTP/2 and TLS as Node has them; a library between would be argued for here.',
    severity: 'error',
    from: { path: '^src/connector/', pathNot: tests },
    to: { path: '(^|/)node_modules/' },
  },
  {
    name: 'connector-ends-do-not-import-each-other',
    comment: 'The connector must not load what keeps connectors, nor the gateway what opens targets: what both say stands beside the two.',
    severity: 'error',
    from: { path: '^src/connector/(gateway|target)/', pathNot: tests },
    to: { path: '^src/connector/(gateway|target)/', pathNot: '^src/connector/$1/' },
  },
  {
    name: 'metrics-see-only-types-of-the-rooms',
    comment:
      'Rooms are given a meter, or are looked at: what counts is none of their business, and nothing that is counted can come to depend on a room. It posts by outbound/.',
    severity: 'error',
    from: { path: '^src/metrics/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|outbound|metrics)/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'only-the-gateway-builds-metrics',
    comment: 'A room that knew of metrics would be a room that cannot be had without them; a meter is a type of its own.',
    severity: 'error',
    from: { path: '^src/', pathNot: ['^src/(metrics|gateway)/', tests] },
    to: { path: '^src/metrics/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'only-metrics-know-their-library',
    comment: 'prom-client looks a series up each time that it counts: on the path of an operation that costs more than all the rest of it.',
    severity: 'error',
    from: { path: '^src/', pathNot: '^src/metrics/' },
    to: { path: '(^|/)node_modules/prom-client/' },
  },
  {
    name: 'nobody-imports-the-gateway',
    comment: 'Only gateway/ builds objects; whoever imported it would build them again. The command line starts it.',
    severity: 'error',
    from: { path: '^src/', pathNot: ['^src/(gateway|cli)/', tests] },
    to: { path: '^src/gateway/' },
  },
  {
    name: 'nobody-imports-the-command-line',
    comment: 'cli/ parses arguments, calls a room and prints; it is the top of the house.',
    severity: 'error',
    from: { path: '^src/', pathNot: ['^src/cli/', tests] },
    to: { path: '^src/cli/' },
  },
  {
    name: 'certificates-import-only-operations',
    comment:
      'What signs certificates depends on nothing that could be steered from outside; the sealed key comes in through its store interface.',
    severity: 'error',
    from: { path: '^src/certificates/', pathNot: tests },
    to: { path: '^src/', pathNot: '^src/(operations|certificates)/' },
  },
  {
    name: 'certificate-library-in-one-file',
    comment: '@peculiar/x509 throws unless reflect-metadata is imported first; one file does both in the right order.',
    severity: 'error',
    from: { path: '^src/', pathNot: '^src/certificates/x509[.]ts$' },
    to: { path: '(^|/)node_modules/(@peculiar/x509|reflect-metadata)/' },
  },
  {
    name: 'only-the-store-opens-databases',
    comment:
      "The gateway's own SQL lives in store/, so that it can have two homes; a target is spoken to by its protocol, never through a driver.",
    severity: 'error',
    from: { path: '^src/', pathNot: ['^src/store/', tests] },
    to: { path: '(^|/)node_modules/(pg|@aws-sdk/[^/]+)/|^(node:)?sqlite$', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'only-the-gateway-makes-loggers',
    comment: 'Only cli/ and api/ print. The gateway makes the logger and hands it on; what a room may log is decided in one place.',
    severity: 'error',
    from: { path: '^src/', pathNot: ['^src/(gateway|api|cli)/', tests] },
    to: { path: '(^|/)node_modules/pino/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'rooms-are-entered-by-their-door',
    comment:
      "A folder's index.ts is what others may use; what is not there can be changed without asking anybody. config/ may name a room's settings.ts, so that a file can be checked without loading the rooms.",
    severity: 'error',
    from: { path: room, pathNot: ['^src/(gateway|cli)/', tests] },
    to: { path: '^src/', pathNot: ['^src/$1/', '/(index|settings)[.]ts$'] },
  },
  {
    name: 'source-stands-alone',
    comment: 'The published package is src and its dependencies: what tests, tools or development packages bring is not there.',
    severity: 'error',
    from: { path: '^src/', pathNot: tests },
    to: { path: '^(test|tools|bench|bin)/|(^|/)node_modules/', pathNot: runtimeDependencies() },
  },
  {
    name: 'no-cycles',
    comment: 'Rooms in a ring cannot be understood, tested or started one after the other. Types are erased and may refer to each other.',
    severity: 'error',
    from: { path: '^src/' },
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'every-import-resolves',
    comment: 'An import that the cruiser cannot follow is an arrow that nobody checks.',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
]

/** What package.json lists for the published package, as the cruiser sees it. */
function runtimeDependencies() {
  const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'))
  return Object.keys(dependencies).map((name) => `(^|/)node_modules/${name}/`)
}

export default {
  forbidden,
  options: {
    doNotFollow: { path: 'node_modules' },
    // Types count: an `import type` is an arrow too, marked `type-only` where a rule tells the two apart.
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: join(import.meta.dirname, 'tsconfig.json') },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['node', 'import', 'types', 'default'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
}

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { PLANES, type Principal, type Resource, type RunFacts } from '../operations/index.ts'
import { type AskedOperation, askedRequest, notARequest } from './asked-request.ts'
import { ConfigError } from './errors.ts'
import { explainIssues } from './explain.ts'
import { nearest } from './nearest.ts'
import { present } from './present.ts'
import type { RulesIn } from './rules-in.ts'
import { type CasesDocument, cases } from './schema/cases.ts'
import { type Finding, parseSource, readSource, type Source } from './source.ts'

/** What a rule test asks, and what it expects. */
export type PolicyCase = AskedOperation & {
  readonly name: string
  readonly principal: Principal
  readonly run: RunFacts
  /** The name of a resource. */
  readonly on: string
  readonly session: { readonly user?: string; readonly database?: string; readonly application?: string }
  /** Milliseconds since the epoch; absent: now. */
  readonly at?: number
  readonly expect: { readonly effect: 'allow' | 'ask' | 'deny'; readonly rules?: readonly string[] }
  /** From 1. */
  readonly line: number
}

export interface PolicyCases {
  readonly file: string
  /** CREATE statements that describe the database; absent: nothing is known of it. */
  readonly schema?: string
  readonly cases: readonly PolicyCase[]
}

/** What cases may name. */
export interface CaseSurroundings {
  readonly resources: readonly { readonly name: string; readonly kind: Resource['kind'] }[]
  /** Those of masks with `mask:` in front among them. */
  readonly rules: readonly string[]
}

/** What answers of a configuration may name. */
export function caseSurroundings({ resources, rules, masks }: Omit<RulesIn, 'limits'>): CaseSurroundings {
  return {
    resources: resources.map(({ name, kind }) => ({ name, kind })),
    rules: [...rules.map(({ name }) => name), ...masks.map(({ mask }) => `mask:${mask.name}`)],
  }
}

/**
 * Reads a file of cases, in the same YAML as a configuration.
 * @throws ConfigError with every problem, in the order of the file
 */
export function loadCases(path: string, known: CaseSurroundings): PolicyCases {
  return casesOf(readSource(resolve(path)), known)
}

/**
 * The same of cases that somebody sent; the schema stands among them, and in no file.
 * @throws ConfigError
 */
export function parseCases(text: string, known: CaseSurroundings): PolicyCases {
  const source = parseSource('cases', text)
  const { schema } = (source.value ?? {}) as { schema?: unknown }
  if (typeof schema === 'string' && schema.startsWith('file:'))
    throw refused(source, [
      {
        code: 'GS_CONFIG_WRONG_VALUE',
        path: ['schema'],
        message: 'A file is not opened for this.',
        next: 'Write the CREATE statements themselves.',
      },
    ])
  return casesOf(source, known)
}

function casesOf(source: Source, known: CaseSurroundings): PolicyCases {
  const parsed = cases.safeParse(source.value)
  if (!parsed.success) throw refused(source, explainIssues(parsed.error.issues, source.value, cases))
  const { data } = parsed
  const findings = [...unknownNames(data, known)]
  if (findings.length > 0) throw refused(source, findings)
  return {
    file: source.file,
    ...(data.schema !== undefined && { schema: schemaOf(source, data.schema) }),
    cases: data.cases.map((_, index) => caseOf(source, data, index)),
  }
}

function caseOf(source: Source, { who: everybody, on: everywhere = '', cases: all }: CasesDocument, index: number): PolicyCase {
  const each = all[index] as CasesDocument['cases'][number]
  const { name, who, on, database, user, application, at, expect } = each
  const { kind = 'job', issuer, subject, groups = [], run = {} } = { ...everybody, ...who }
  const from = issuer ?? groups[0]?.split('/', 1)[0] ?? 'issuer'
  return {
    name,
    principal: { kind, issuer: from, subject: subject ?? 'somebody', groups },
    run: present(run),
    on: on ?? everywhere,
    session: present({ database, user, application }),
    ...askedBy(each),
    ...(at !== undefined && { at: Date.parse(at) }),
    expect: { effect: expect.effect, ...('rule' in expect && expect.rule !== undefined && { rules: expect.rule }) },
    line: source.problem({ code: 'GS_CONFIG_DOUBTFUL', path: ['cases', index], message: '' }).line,
  }
}

/** @throws TypeError for what the checks do not let through */
function askedBy({ sql, request, ...written }: CasesDocument['cases'][number]): AskedOperation {
  if (sql !== undefined) return { sql }
  const asked = request === undefined ? undefined : askedRequest(request, written)
  if (asked === undefined) throw new TypeError('a case that the checks let through')
  return { request: asked }
}

function* unknownNames(document: CasesDocument, { resources, rules }: CaseSurroundings): Iterable<Finding> {
  const { on: everywhere, cases: all } = document
  const names = resources.map(({ name }) => name)
  if (everywhere !== undefined) yield* named(['on'], 'resource', everywhere, names)
  for (const [index, each] of all.entries()) {
    const { on, expect } = each
    const path = ['cases', index]
    const kind = resources.find(({ name }) => name === (on ?? everywhere))?.kind
    if (kind !== undefined) yield* unfitting(each, kind, path)
    if (on !== undefined) yield* named([...path, 'on'], 'resource', on, names)
    else if (everywhere === undefined) {
      yield {
        code: 'GS_CONFIG_MISSING_FIELD',
        path: [...path, 'on'],
        message: 'It is not said on which resource.',
        next: 'Write on: with its name.',
      }
    }
    for (const rule of 'rule' in expect ? (expect.rule ?? []) : []) yield* named([...path, 'expect', 'rule'], 'rule', rule, rules)
  }
}

/** What is asked must be what can happen there. */
function* unfitting(
  { sql, request, headers, body, upgrade }: CasesDocument['cases'][number],
  kind: Resource['kind'],
  path: Finding['path'],
): Iterable<Finding> {
  const { operation, title } = PLANES[kind]
  const isStatement = operation === 'statement'
  const others = { ...(isStatement ? { request, headers, body, upgrade } : { sql }) }
  for (const [field, value] of Object.entries(others)) {
    if (value === undefined) continue
    yield {
      code: 'GS_CONFIG_INCONSISTENT',
      path: [...path, field],
      message: `The resource is of ${title}, where there is no ${field}.`,
      next: isStatement ? 'Write sql: with a statement.' : 'Write request: with a method and a path.',
    }
  }
  if (isStatement ? sql === undefined : request === undefined) {
    yield {
      code: 'GS_CONFIG_MISSING_FIELD',
      path,
      message: 'It is not said what is asked.',
      next: isStatement ? 'Write sql: with a statement.' : 'Write request: with a method and a path.',
    }
  }
  if (isStatement || request === undefined) return
  const asked = askedRequest(request)
  // Nothing else is asked of the proxy, and that nowhere else.
  if (asked === undefined || (asked.method === 'CONNECT') !== (kind === 'egress')) yield notARequest([...path, 'request'], kind)
}

function* named(path: Finding['path'], what: string, name: string, known: readonly string[]): Iterable<Finding> {
  if (known.includes(name)) return
  const meant = nearest(name, known)
  yield {
    code: 'GS_CONFIG_INCONSISTENT',
    path,
    message: `No ${what} of the configuration is called ${name}.`,
    next: meant === undefined ? `Write one of ${known.join(', ')}.` : `Did you mean ${meant}?`,
  }
}

/** `file:./schema.sql`, or the statements themselves. */
function schemaOf(source: Source, schema: string): string {
  if (!schema.startsWith('file:')) return schema
  const path = resolve(dirname(source.file), schema.slice('file:'.length).trim())
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw refused(source, [
      {
        code: 'GS_CONFIG_WRONG_VALUE',
        path: ['schema'],
        message: 'This file cannot be read.',
        next: 'Write file: and a path from the folder of this file.',
      },
    ])
  }
}

const refused = (source: Source, findings: readonly Finding[]) => new ConfigError(findings.map(source.problem))

import type { core } from 'zod'
import { z } from 'zod'
import type { ConfigErrorCode } from './errors.ts'
import { nearest } from './nearest.ts'
import { document } from './schema/document.ts'
import type { Finding, Path } from './source.ts'

/** What a schema's issues mean for whoever wrote the file. @param value what was judged. @param by by what; default: a configuration */
export function explainIssues(issues: readonly core.$ZodIssue[], value: unknown, by: z.ZodType = document): readonly Finding[] {
  return issues.flatMap((issue) => explain(issue, value, by))
}

function explain(issue: core.$ZodIssue, value: unknown, by: z.ZodType): readonly Finding[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(path, key, value, by))
  const complaint = said(issue.message)
  if (valueAt(value, path) === undefined) {
    return [{ code: 'GS_CONFIG_MISSING_FIELD', path, message: 'This field is required.', ...(complaint && { next: complaint.next }) }]
  }
  if (issue.code === 'invalid_union' && complaint === undefined) return explainUnion(issue, path, value, by)
  if (issue.code === 'invalid_key') return [wrongName(issue, path)]
  if (complaint) return [{ path, ...complaint }]
  if (issue.code === 'invalid_type' && issue.expected === 'object') {
    const fields = fieldsAt(path, value, by)
    return [{ code: 'GS_CONFIG_WRONG_VALUE', path, message: 'This must be a map.', next: `Give it the fields ${fields.join(', ')}.` }]
  }
  return [{ code: 'GS_CONFIG_WRONG_VALUE', path, message: 'This value is not accepted here.' }]
}

/** Of several forms of a map, what is wrong by the one that was meant. */
function explainUnion(issue: core.$ZodIssueInvalidUnion, path: Path, value: unknown, by: z.ZodType): readonly Finding[] {
  const union = schemaAt(path, value, by)
  const meant = union instanceof z.ZodUnion ? union.options.indexOf(meantBy(union, valueAt(value, path))) : -1
  return (issue.errors[meant] ?? []).flatMap((inner) =>
    explain({ ...inner, path: [...issue.path, ...inner.path] } as core.$ZodIssue, value, by),
  )
}

/** The form that the field says which tells them apart; else the one that knows most of the fields, the first one where several do. */
function meantBy(union: z.ZodUnion, value: unknown): core.$ZodType {
  const by = union instanceof z.ZodDiscriminatedUnion ? union.def.discriminator : undefined
  const said = by === undefined ? undefined : valueAt(value, [by])
  const meant = union.options.find(
    (option) => by !== undefined && option instanceof z.ZodObject && (option.shape[by] as z.ZodType).safeParse(said).success,
  )
  if (meant !== undefined) return meant
  const fields = value !== null && typeof value === 'object' ? Object.keys(value) : []
  const strange = (option: core.$ZodType) => fields.filter((field) => !(option instanceof z.ZodObject && field in option.shape)).length
  return union.options.reduce((best, option) => (strange(option) < strange(best) ? option : best))
}

/** In a map whose names are the operator's own. Not shown: a name may hold what a terminal obeys. */
function wrongName(issue: core.$ZodIssueInvalidKey, path: Path): Finding {
  const complaint = said(issue.issues[0]?.message ?? '') ?? { code: 'GS_CONFIG_WRONG_VALUE', message: 'This name is not accepted here.' }
  return { path, at: 'key', shown: path.slice(0, -1), ...complaint }
}

function unknownField(path: Path, key: string, value: unknown, by: z.ZodType): Finding {
  const fields = fieldsAt(path, value, by)
  const meant = nearest(key, fields)
  return {
    code: 'GS_CONFIG_UNKNOWN_FIELD',
    path: [...path, key],
    at: 'key',
    ...(meant === undefined && { shown: path }),
    message: 'This field does not exist.',
    next: meant === undefined ? `Remove it; the fields here are ${fields.join(', ')}.` : `Did you mean ${meant}?`,
  }
}

function said(message: string): { code: ConfigErrorCode; message: string; next: string } | undefined {
  return message.startsWith('{') ? (JSON.parse(message) as { code: ConfigErrorCode; message: string; next: string }) : undefined
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) =>
      at !== null && typeof at === 'object' && Object.hasOwn(at, step) ? (at as Record<string | number, unknown>)[step] : undefined,
    value,
  )
}

/** The fields that the schema has at a path. */
function fieldsAt(path: Path, value: unknown, by: z.ZodType): readonly string[] {
  const schema = resolved(schemaAt(path, value, by), valueAt(value, path))
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

function schemaAt(path: Path, value: unknown, by: z.ZodType): unknown {
  let schema: unknown = by
  for (const [depth, step] of path.entries()) {
    schema = resolved(schema, valueAt(value, path.slice(0, depth)))
    if (schema instanceof z.ZodObject) schema = schema.shape[step]
    else if (schema instanceof z.ZodArray) schema = schema.element
    else return undefined
  }
  return unwrap(schema)
}

const unwrap = (schema: unknown): unknown => (schema instanceof z.ZodOptional ? schema.unwrap() : schema)

const resolved = (schema: unknown, value: unknown): unknown => {
  const inner = unwrap(schema)
  return inner instanceof z.ZodUnion ? meantBy(inner, value) : inner
}

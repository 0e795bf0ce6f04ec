import { isSafeUrl } from '../../channels/settings.ts'
import { analyzedEntity, DETECTORS, detectors, MaskingError } from '../../masking/index.ts'
import { milliseconds } from '../duration.ts'
import { nearest } from '../nearest.ts'
import type { Document } from '../schema/document.ts'
import type { Finding, Path } from '../source.ts'
import { type Check, doubtful, inconsistent, repeated } from './check.ts'
import { checkFields } from './mask-fields.ts'
import { unknownIssuer, unknownResource } from './rules.ts'
import { reach } from './shadows.ts'

type Mask = NonNullable<Document['masks']>[number]

/** What masks name is there, and what they say can be done. */
export const checkMasks: Check = function* (document) {
  const { masks = [], masking } = document
  yield* repeated(
    masks.map(({ name }, index) => [['masks', index, 'name'], name]),
    'mask',
  )
  yield* checkPatterns(document)
  yield* checkAnalyzer(document)
  for (const [index, mask] of masks.entries()) {
    const path = ['masks', index]
    yield* checkSelectors(mask, path, document)
    yield* checkColumns(mask, path, document)
    yield* checkFields(mask.fields ?? [], [...path, 'fields'])
    yield* checkReach(mask, path, document)
    yield* checkDetectors(mask, path, document)
    if (mask.as === 'hash' && masking?.key === undefined)
      yield inconsistent([...path, 'as'], 'A hash without a key can be guessed.', 'Add masking: { key: secret:mask-key }.')
    if (mask.columns !== undefined || mask.fields !== undefined) continue
    for (const field of ['predicates', 'unmaskedWrite'] as const)
      if (mask[field] !== undefined)
        yield doubtful(
          [...path, field],
          'This is about columns and fields, and the mask names none.',
          'Name columns or fields, or remove it.',
        )
  }
}

function* checkSelectors(mask: Mask, path: Path, { issuers, resources }: Document): Iterable<Finding> {
  for (const field of ['who', 'except'] as const)
    for (const [at, group] of (mask[field]?.groups ?? []).entries()) yield* unknownIssuer(group, [...path, field, 'groups', at], issuers)
  for (const [at, name] of (mask.on?.resources ?? []).entries()) yield* unknownResource(name, [...path, 'on', 'resources', at], resources)
  if (mask.on !== undefined && reach(mask, resources).size === 0)
    yield doubtful(
      [...path, 'on'],
      'No resource matches this mask, so it covers nothing.',
      'Give a resource one of these tags, or correct the mask.',
    )
}

/** Columns are of PostgreSQL and fields of Kubernetes: where a mask reaches none of these, they cover nothing. */
function* checkReach(mask: Mask, path: Path, { resources }: Document): Iterable<Finding> {
  const reached = reach(mask, resources)
  const kinds = new Set(resources.flatMap(({ name, kind }) => (reached.has(name) ? [kind] : [])))
  if (kinds.size === 0) return
  if (mask.fields !== undefined && !kinds.has('kubernetes'))
    yield doubtful(
      [...path, 'fields'],
      'This mask is about no Kubernetes resource, so its fields cover nothing.',
      'Configure one, or correct on.',
    )
  if (mask.columns !== undefined && !kinds.has('postgres'))
    yield doubtful(
      [...path, 'columns'],
      'This mask is about no PostgreSQL resource, so its columns cover nothing.',
      'Configure one, or correct on.',
    )
}

/** A name that clients use for a database is not the one that columns are known by. */
function* checkColumns(mask: Mask, path: Path, { resources }: Document): Iterable<Finding> {
  const reached = reach(mask, resources)
  const databases = resources.flatMap((resource) =>
    resource.kind === 'postgres' && reached.has(resource.name) ? Object.entries(resource.databases ?? {}) : [],
  )
  const targets = new Set(databases.map(([, target]) => target))
  for (const [at, column] of (mask.columns ?? []).entries()) {
    const database = column.slice(0, column.indexOf('.'))
    const target = databases.find(([client]) => client === database)?.[1]
    if (target !== undefined && !targets.has(database))
      yield inconsistent(
        [...path, 'columns', at],
        `${database} is what clients call a database that the target calls ${target}, so this would never match.`,
        `Write ${target}${column.slice(database.length)}.`,
      )
  }
}

function* checkDetectors(mask: Mask, path: Path, { masking, resources }: Document): Iterable<Finding> {
  const known = [...DETECTORS, ...(masking?.patterns ?? []).map(({ name }) => name)]
  const reached = reach(mask, resources)
  const promptsOnly = mask.directions?.length === 1 && mask.directions[0] === 'prompt'
  const isAsked = (kind: string) => kind === 'postgres' || (kind === 'model' && promptsOnly)
  const other = resources.find(({ kind, name }) => !isAsked(kind) && reached.has(name))
  for (const [at, name] of (mask.detect ?? []).entries()) {
    if (analyzedEntity(name) !== undefined) {
      if (masking?.analyzer === undefined)
        yield inconsistent([...path, 'detect', at], `Nobody is there who looks for ${name}.`, 'Add masking: { analyzer: { url: … } }.')
      if (other !== undefined)
        yield inconsistent(
          [...path, 'detect', at],
          `The analyzer is asked about rows of PostgreSQL and prompts of models only, and this mask holds on ${other.name} too.`,
          other.kind === 'model'
            ? 'Give it directions: [prompt].'
            : 'Give it a mask of its own, with on: and resources of kind postgres, or of kind model with directions: [prompt].',
        )
      continue
    }
    if (known.includes(name)) continue
    const meant = nearest(name, known)
    const next = meant === undefined ? `Write one of ${known.join(', ')}.` : `Did you mean ${meant}?`
    yield inconsistent([...path, 'detect', at], `No detector is called ${name}.`, next)
  }
}

/** Nothing is answered sooner; a scan that waits longer for each question does not end. */
const [SHORTEST, LONGEST] = [100, 60_000]

function* checkAnalyzer({ masking }: Document): Iterable<Finding> {
  if (masking?.analyzer === undefined) return
  const { url, insecureLoopback = false, deadline } = masking.analyzer
  const path = ['masking', 'analyzer']
  if (!isSafeUrl(url, insecureLoopback)) {
    const why = 'Values of tables are sent there, and could be read on the way.'
    yield inconsistent([...path, 'url'], why, 'Write a URL with https; http is for this machine, with insecureLoopback: true.')
  }
  if (deadline === undefined) return
  const ms = milliseconds(deadline)
  if (ms < SHORTEST || ms > LONGEST)
    yield inconsistent([...path, 'deadline'], 'An answer is waited for 100 ms to a minute.', 'Write for example 5s.')
}

function* checkPatterns({ masking, masks = [] }: Document): Iterable<Finding> {
  const patterns = masking?.patterns ?? []
  const path = ['masking', 'patterns']
  yield* repeated(
    patterns.map(({ name }, index) => [[...path, index, 'name'], name]),
    'pattern',
  )
  const problem = (some: typeof patterns) => {
    try {
      detectors([], some)
      return undefined
    } catch (error) {
      if (error instanceof MaskingError) return error
      throw error
    }
  }
  let usable = true
  for (const [index, pattern] of patterns.entries()) {
    const error = problem([pattern])
    usable &&= error === undefined
    if (error) yield inconsistent([...path, index], error.message, error.next)
    if (!masks.some(({ detect }) => detect?.includes(pattern.name)))
      yield doubtful([...path, index, 'name'], 'No mask looks for this pattern.', 'Name it in detect of a mask, or remove it.')
  }
  const distinct = new Set(patterns.map(({ name }) => name)).size === patterns.length
  const together = usable && distinct ? problem(patterns) : undefined
  if (together) yield inconsistent(path, together.message, together.next)
}

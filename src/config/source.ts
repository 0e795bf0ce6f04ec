import { readFileSync, statSync } from 'node:fs'
import { isAlias, isMap, isNode, isPair, isScalar, LineCounter, type Node, type ParsedNode, parseAllDocuments, visit } from 'yaml'
import type { ConfigProblem } from './config.ts'
import { ConfigError, type ConfigErrorCode, configErrors } from './errors.ts'
import { syntaxSentences } from './syntax-sentences.ts'

/** Keys and positions from the root: `['rules', 2, 'when']`. */
export type Path = readonly (string | number)[]

/** Something wrong, before it has a file and a place. */
export interface Finding {
  readonly code: ConfigErrorCode
  readonly path: Path
  /** Whether the place is the field's name or its value. Default: its value. */
  readonly at?: 'key' | 'value'
  /** What is shown of the path, where its end may be anything: `password:hunter2` without a space is a field's name. Default: all of it. */
  readonly shown?: Path
  readonly message: string
  /** Default: the code's own next step. */
  readonly next?: string
}

/** The file as text and as a tree that still knows where everything stood. */
export interface Source {
  readonly file: string
  readonly text: string
  readonly value: unknown
  /** The position is that of the nearest thing on the path that exists. */
  problem(finding: Finding): ConfigProblem & { readonly code: ConfigErrorCode }
}

const largest = 1024 * 1024

/** @throws ConfigError GS_CONFIG_UNREADABLE, GS_CONFIG_SYNTAX */
export function readSource(file: string): Source {
  return parseSource(file, readText(file))
}

function readText(file: string): string {
  const unreadable = (message: string, cause?: unknown) =>
    new ConfigError([{ ...start(file), code: 'GS_CONFIG_UNREADABLE', message, next: configErrors.GS_CONFIG_UNREADABLE.next }], { cause })
  let bytes: Uint8Array
  try {
    const found = statSync(file)
    if (!found.isFile()) throw unreadable('This is not a file.')
    if (found.size > largest) throw unreadable('The file is larger than 1 MiB.')
    bytes = readFileSync(file)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw unreadable(`The file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}).`, error)
  }
  // The file may have grown between the two calls.
  if (bytes.length > largest) throw unreadable('The file is larger than 1 MiB.')
  if (bytes.includes(0)) throw unreadable('The file contains a NUL byte.')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw unreadable('The file is not UTF-8.', error)
  }
}

/**
 * Reads YAML 1.2 and nothing beyond its core: one document, no tags, no anchors, no aliases, string keys, warnings are errors.
 * Messages never repeat text of the file, because a secret may stand in it.
 */
export function parseSource(file: string, text: string): Source {
  const lines = new LineCounter()
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const wrong = (offset: number, message: string) => ({
    ...at(offset),
    code: 'GS_CONFIG_SYNTAX' as const,
    path: '',
    message,
    next: configErrors.GS_CONFIG_SYNTAX.next,
  })
  const documents = parse(file, text, lines)
  const [document, second] = documents
  if (document === undefined) {
    throw new ConfigError([
      {
        ...start(file),
        code: 'GS_CONFIG_SYNTAX',
        message: 'The file is empty.',
        next: 'Start with gateway:, issuers:, resources: and rules:.',
      },
    ])
  }
  const problems = [...document.errors, ...document.warnings].map((error) =>
    wrong(error.pos[0], syntaxSentences[error.code] ?? 'This is not valid YAML.'),
  )
  if (second?.range) problems.push(wrong(second.range[0], 'The file holds more than one document.'))
  visit(document, {
    Node: (_, node) => {
      const offset = node.range?.[0] ?? 0
      if (isAlias(node)) problems.push(wrong(offset, 'Aliases are not accepted: whoever reviews a rule should see all of it in its place.'))
      else if (node.anchor !== undefined)
        problems.push(wrong(offset, 'Anchors are not accepted: whoever reviews a rule should see all of it in its place.'))
      if (node.tag !== undefined) problems.push(wrong(offset, 'Tags are not accepted; a value that starts with "!" needs quotes.'))
    },
    Pair: (_, pair) => {
      if (!isScalar(pair.key) || typeof pair.key.value !== 'string') {
        problems.push(wrong(isNode(pair.key) ? (pair.key.range?.[0] ?? 0) : 0, 'A field name must be a string; quote it.'))
      } else if (pair.key.value === '__proto__') {
        // Schemas skip it: it would be accepted, and mean nothing.
        problems.push(wrong(pair.key.range?.[0] ?? 0, 'A field cannot be called __proto__.'))
      }
    },
  })
  if (problems.length > 0) throw new ConfigError(problems.sort((a, b) => a.line - b.line || a.column - b.column))
  return {
    file,
    text,
    value: document.toJS(),
    problem: ({ code, path, at: part = 'value', shown = path, message, next = configErrors[code].next }) => ({
      ...at(offsetOf(document.contents, path, part)),
      code,
      path: describePath(shown),
      message,
      next,
    }),
  }
}

function parse(file: string, text: string, lineCounter: LineCounter) {
  try {
    // `prettyErrors` would quote the file; `merge` stays off, so that "<<" is an unknown field.
    const documents = parseAllDocuments<ParsedNode>(text, {
      lineCounter,
      prettyErrors: false,
      uniqueKeys: true,
      version: '1.2',
      merge: false,
    })
    return Array.isArray(documents) ? documents : []
  } catch (error) {
    // Ten thousand open brackets exhaust the parser's stack.
    const message = error instanceof RangeError ? 'The file is nested too deeply.' : 'This is not valid YAML.'
    throw new ConfigError([{ ...start(file), code: 'GS_CONFIG_SYNTAX', message, next: configErrors.GS_CONFIG_SYNTAX.next }])
  }
}

const start = (file: string) => ({ file, line: 1, column: 1, path: '' })

function offsetOf(root: Node | null, path: Path, part: 'key' | 'value'): number {
  let node: unknown = root
  let offset = root?.range?.[0] ?? 0
  for (const [depth, step] of path.entries()) {
    const last = depth === path.length - 1
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === step)
      if (pair === undefined) return offset
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset
      if (last && part === 'key') return offset
      node = pair.value
    } else if (node !== null && typeof node === 'object' && 'items' in node && Array.isArray(node.items)) {
      node = node.items[Number(step)]
    } else {
      return offset
    }
    if (isNode(node) && node.range) offset = node.range[0]
  }
  return offset
}

/** `rules[2].when` */
export function describePath(path: Path): string {
  return path.reduce<string>((text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`), '')
}

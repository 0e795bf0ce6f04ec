import { readFileSync } from 'node:fs'
import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { McpHostError } from './errors.ts'

const MAX_FILE_BYTES = 1024 * 1024
const UNITS = { s: 1_000, m: 60_000, h: 3_600_000 } as const

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes, 63 at most')
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'a name of a variable')
const account = z.union([
  z.string().regex(/^[a-z_][a-z0-9_.-]{0,31}\$?$/, 'a name of an account, or its number'),
  z.int().min(0).max(4_294_967_294),
])
const absolute = z.string().regex(/^\/[^\0]*$/, 'an absolute path')
const reference = z.string().regex(/^(file:\/[^\0]+|env:[A-Za-z_][A-Za-z0-9_]{0,127})$/, 'file:/… or env:NAME')
const plain = z
  .string()
  .max(32_768)
  .regex(/^[^\0]*$/, 'no NUL')
const duration = z
  .string()
  .regex(/^\d{1,4}[smh]$/, 'such as 90s, 10m or 2h')
  .transform((text) => Number(text.slice(0, -1)) * UNITS[text.at(-1) as keyof typeof UNITS])
  .pipe(
    z
      .int()
      .min(1_000)
      .max(24 * UNITS.h),
  )

const serverSchema = z.strictObject({
  name,
  command: z.array(plain.min(1)).min(1).max(256),
  folder: absolute.optional(),
  env: z.record(variable, plain).default({}),
  secrets: z.record(variable, reference).default({}),
  sessions: z.int().min(1).max(1_000).default(50),
  idle: duration.default(30 * UNITS.m),
  messageBytes: z
    .int()
    .min(1_024)
    .max(64 * 1024 * 1024)
    .default(4 * 1024 * 1024),
  processes: z.int().min(1).max(100_000).optional(),
})

const settingsSchema = z.strictObject({
  listen: z
    .string()
    .regex(/^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|localhost):\d{1,5}$/, 'a loopback address and a port, such as 127.0.0.1:7801'),
  token: reference,
  gateway: z.union([z.literal('elsewhere'), z.strictObject({ data: absolute }), z.strictObject({ user: account })]),
  user: account.optional(),
  homes: absolute.optional(),
  servers: z
    .array(serverSchema)
    .min(1)
    .max(100)
    .refine((servers) => new Set(servers.map((server) => server.name)).size === servers.length, 'two servers have the same name'),
})

/** One stdio server and what it may have. Times in ms. */
export type ServerSettings = z.output<typeof serverSchema>
/** The one file of the host. */
export type HostSettings = z.output<typeof settingsSchema>

/** @throws McpHostError GS_MCP_HOST_CONFIG, with every problem and its line */
export function readHostSettings(path: string): HostSettings {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new McpHostError('GS_MCP_HOST_CONFIG', `${path} cannot be read.`, { cause })
  }
  return parseHostSettings(text, path)
}

/** @param path how problems name the file */
export function parseHostSettings(text: string, path: string): HostSettings {
  if (text.length > MAX_FILE_BYTES) throw refused([`${path}: larger than ${MAX_FILE_BYTES} bytes`])
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true })
  const [broken] = [...document.errors, ...document.warnings]
  if (broken) throw refused([`${path}:${broken.linePos?.[0].line ?? 1}: ${broken.message.split('\n')[0]}`])
  const read = settingsSchema.safeParse(document.toJS({ maxAliasCount: 0 }))
  if (read.success) return read.data
  throw refused(read.error.issues.map(({ path: at, message }) => `${path}:${lineOf(at)}: ${at.join('.') || 'the file'}: ${message}`))

  /** Of the nearest that is there. */
  function lineOf(at: readonly PropertyKey[]): number {
    for (let length = at.length; length > 0; length--) {
      const node = document.getIn(at.slice(0, length), true)
      const range = typeof node === 'object' && node !== null && 'range' in node ? (node.range as readonly number[] | null) : undefined
      if (range) return lines.linePos(range[0]!).line
    }
    return 1
  }
}

const refused = (problems: readonly string[]) => new McpHostError('GS_MCP_HOST_CONFIG', problems.join('\n'))

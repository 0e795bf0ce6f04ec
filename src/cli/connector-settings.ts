import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Document, parseDocument } from 'yaml'
import { z } from 'zod'
import { CliError } from './errors.ts'
import { durationOf } from './moments.ts'
import { parseListen } from './parse-listen.ts'
import type { Surroundings } from './surroundings.ts'

const MAX_FILE_BYTES = 1024 * 1024
const MAX_TARGETS = 1_000

/** What the options say. */
export interface ConnectorOptions {
  readonly config?: string
  readonly gateway?: string
  readonly ca?: string
  readonly name?: string
  readonly data?: string
  readonly allow?: readonly string[]
  readonly tokenFile?: string
  readonly workloadTokenFile?: string
  readonly drain?: string
  readonly health?: string
}

/** What one connector runs with. Paths are absolute. */
export interface ConnectorSettings {
  /** `https://host:port` */
  readonly gateway: URL
  /** PEM; absent: what the system trusts. */
  readonly ca?: string
  readonly name?: string
  readonly data: string
  /** As written. */
  readonly allow: readonly string[]
  readonly tokenFile?: string
  readonly workloadTokenFile?: string
  /** How long open streams may go on once it is told to stop, ms. */
  readonly drain: number
  /** Where probes ask. */
  readonly health?: { readonly host: string; readonly port: number }
}

/** In the folder that it is started in. */
const DATA = 'connector'

const text = z.string().regex(/^[^\p{Cc}]{1,4096}$/u, 'one line')
const fileSchema = z.strictObject({
  gateway: text.optional(),
  ca: text.optional(),
  name: text.optional(),
  data: text.optional(),
  allow: z.array(text).max(MAX_TARGETS).optional(),
  tokenFile: text.optional(),
  workloadTokenFile: text.optional(),
  drain: text.optional(),
  health: text.optional(),
})

/**
 * The options, and what the file says where they say nothing.
 * @throws CliError GS_CLI_CONNECTOR_SETTINGS, GS_CLI_FILE
 */
export function connectorSettings({ config, ...options }: ConnectorOptions, { folder }: Pick<Surroundings, 'folder'>): ConnectorSettings {
  const path = config === undefined ? undefined : resolve(folder, config)
  const file = path === undefined ? {} : readSettings(path)
  const from = <Field extends keyof typeof options>(field: Field) => options[field] ?? file[field]
  const at = (field: 'ca' | 'tokenFile' | 'workloadTokenFile') => pathOf(options[field], file[field], folder, path)
  const [ca, tokenFile, workloadTokenFile] = [at('ca'), at('tokenFile'), at('workloadTokenFile')]
  if (tokenFile !== undefined && workloadTokenFile !== undefined)
    throw refused('tokenFile and workloadTokenFile are two ways to enrol: name one.')
  const name = from('name')
  if (workloadTokenFile !== undefined && name === undefined)
    throw refused('With a workload token, name says which configured name this connector answers for.')
  const allow = options.allow ?? file.allow ?? []
  if (allow.length === 0)
    throw refused('allow is empty: a connector reaches nothing but what it lists, such as --allow orders.internal:5432.')
  if (allow.length > MAX_TARGETS) throw refused(`allow lists more than ${MAX_TARGETS} targets.`)
  const health = healthOf(from('health'))
  return {
    gateway: gatewayOf(from('gateway')),
    data: pathOf(options.data, file.data, folder, path) ?? resolve(folder, DATA),
    allow,
    drain: drainOf(from('drain') ?? '5m'),
    ...(ca !== undefined && { ca: readPem(ca) }),
    ...(name !== undefined && { name }),
    ...(tokenFile !== undefined && { tokenFile }),
    ...(workloadTokenFile !== undefined && { workloadTokenFile }),
    ...(health && { health }),
  }
}

/** Where the data folder of these settings is, whatever else they say. @throws CliError GS_CLI_CONNECTOR_SETTINGS, GS_CLI_FILE */
export function dataOf({ config, data }: ConnectorOptions, { folder }: Pick<Surroundings, 'folder'>): string {
  const path = config === undefined ? undefined : resolve(folder, config)
  const file = path === undefined || data !== undefined ? {} : readSettings(path)
  return pathOf(data, file.data, folder, path) ?? resolve(folder, DATA)
}

/** Options start from where the command does, the file from its own folder. */
function pathOf(option: string | undefined, field: string | undefined, folder: string, file: string | undefined): string | undefined {
  if (option !== undefined) return resolve(folder, option)
  return field === undefined || file === undefined ? undefined : resolve(dirname(file), field)
}

function readSettings(path: string): z.output<typeof fileSchema> {
  const text = read(path)
  if (text.length > MAX_FILE_BYTES) throw refused(`${path} is larger than ${MAX_FILE_BYTES} bytes.`)
  const document = parseDocument(text, { strict: true, uniqueKeys: true })
  const [broken] = [...document.errors, ...document.warnings]
  if (broken) throw refused(`${path}:${broken.linePos?.[0].line ?? 1}: ${broken.message.split('\n')[0]}`)
  const settings = fileSchema.safeParse(plain(document, path))
  if (settings.success) return settings.data
  throw refused(settings.error.issues.map(({ path: at, message }) => `${path}: ${at.join('.') || 'the file'}: ${message}`).join('\n'))
}

/** Aliases are refused: nothing here is long enough to be said once for twice, and what they expand to has no bound. */
function plain(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch (error) {
    throw new CliError('GS_CLI_CONNECTOR_SETTINGS', `${path}: aliases are not understood here.`, { cause: error })
  }
}

/** Of the door for connectors: nothing but a host and a port belongs there. */
function gatewayOf(text: string | undefined): URL {
  const url = text === undefined ? null : URL.parse(text)
  const isDoor = url?.protocol === 'https:' && url.username + url.password + url.search + url.hash === '' && url.pathname === '/'
  if (url && isDoor) return url
  throw refused('The gateway is named as https://host:port, of its door for connectors: --gateway https://gw.example.org:8446.')
}

function drainOf(text: string): number {
  const ms = durationOf(text)
  if (ms !== undefined && ms <= 7 * 24 * 3_600_000) return ms
  throw refused('drain is a duration, such as 30s, 5m or 2h; a week at most.')
}

function healthOf(text: string | undefined) {
  if (text === undefined) return undefined
  const address = parseListen(text)
  if (address) return address
  throw refused('health takes host:port, such as 127.0.0.1:9464.')
}

function readPem(path: string): string {
  const pem = read(path)
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  throw refused(`${path} holds no certificate in PEM.`)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CliError('GS_CLI_FILE', `${path} cannot be read.`, { cause: error })
  }
}

const refused = (reason: string) => new CliError('GS_CLI_CONNECTOR_SETTINGS', reason)

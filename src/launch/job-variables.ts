import { isReservedVariable } from '../operations/index.ts'
import { type Choice, choiceOf, chosenOf, requireResources } from './chosen-resource.ts'
import { LaunchError } from './errors.ts'
import { isAmong, MINTING } from './named-variables.ts'
import type { Environment } from './passed-environment.ts'
import type { HttpsAnswer, PlaneAnswers, ReachableResource } from './plane-answers.ts'

export interface JobVariablesParts {
  readonly run: string
  readonly planes: PlaneAnswers
  /** Host of the token door: where PostgreSQL is, unless the gateway says otherwise. */
  readonly gatewayHost: string
  /** Of PGHOST, resolved once; undefined where it could not be. */
  readonly hostAddress?: string | undefined
  /** What passes of the caller's: settings in it count. */
  readonly passed: Environment
  /** Names of resources that are asked for. */
  readonly asked: readonly string[]
  readonly files: JobFiles
  /** `http://…@127.0.0.1:port` of the forwarder; undefined where the gateway has no proxy. */
  readonly proxyUrl?: string | undefined
  /** Of the trace that the run belongs to. */
  readonly traceparent: string
}

/** Absolute paths of what the job's clients read. */
export interface JobFiles {
  readonly home: string
  readonly runFile: string
  /** The gateway's own authority, where one was named, and what the system trusts besides. */
  readonly bundle: string
  /** What the job trusts for PostgreSQL: the gateway's authority alone where one was named. */
  readonly postgresRoots: string
  /** What Node trusts besides its own. */
  readonly extraRoots?: string | undefined
  readonly kubeconfig?: string | undefined
  readonly serviceFile: string
  readonly passFile: string
  readonly netrc: string
  readonly dockerConfig: string
}

export interface JobVariables {
  readonly variables: Readonly<Record<string, string>>
  readonly choices: readonly Choice[]
}

/** What points a job's clients at the gateway. @throws LaunchError GS_LAUNCH_ANSWER, GS_LAUNCH_NO_RESOURCE */
export function jobVariables(parts: JobVariablesParts): JobVariables {
  const { run, planes, files, asked, traceparent, proxyUrl } = parts
  requireResources(asked, planes)
  const choices: Choice[] = []
  const variables: Record<string, string> = {
    HOME: files.home,
    GATESCRIBE_RUN: run,
    GATESCRIBE_RUN_FILE: files.runFile,
    ...postgresVariables(parts, choices),
    ...(files.kubeconfig !== undefined && { KUBECONFIG: files.kubeconfig }),
    ...modelVariables(parts, choices),
    ...plainVariables('HTTP', planes.http, parts, choices),
    ...plainVariables('MCP', planes.mcp, parts, choices),
    ...proxyVariables(proxyUrl, parts),
    ...trustVariables(files),
    NETRC: files.netrc,
    DOCKER_CONFIG: files.dockerConfig,
    TRACEPARENT: traceparent,
    ...telemetryVariables(parts),
    ...namedByOperator(planes),
  }
  for (const value of Object.values(variables)) if (!/^[^\p{Cc}]+$/u.test(value)) throw new LaunchError('GS_LAUNCH_ANSWER')
  return { variables, choices }
}

function postgresVariables(
  { planes, gatewayHost, hostAddress, passed, asked, files, run }: JobVariablesParts,
  choices: Choice[],
): Record<string, string> {
  const { credential, user, host, port, resources = [] } = planes.postgres
  if (port === undefined) return {}
  const chosen =
    chosenOf(resources, asked) ?? asked.filter((name) => !isElsewhere(name, planes)).map((name) => ({ name, databases: [] }))[0]
  const isNamed = chosen !== undefined && asked.includes(chosen.name)
  if (chosen !== undefined) choices.push(choiceOf('PostgreSQL', chosen, resources))
  const [only, ...more] = chosen?.databases ?? []
  // libpq-connect, "options": a backslash before what would end the value.
  const option = isNamed ? `-c gatescribe.resource=${chosen.name.replace(/[\\\s]/g, String.raw`\$&`)}` : undefined
  const options = [oneLine(passed.PGOPTIONS), option].filter(Boolean).join(' ')
  return {
    PGHOST: host ?? gatewayHost,
    PGPORT: String(port),
    PGPASSWORD: credential,
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: files.postgresRoots,
    PGSERVICEFILE: files.serviceFile,
    PGPASSFILE: files.passFile,
    PGAPPNAME: oneLine(passed.PGAPPNAME) || run,
    ...(hostAddress !== undefined && { PGHOSTADDR: hostAddress }),
    ...(!passed.PGUSER && { PGUSER: user }),
    ...(!passed.PGDATABASE && only !== undefined && more.length === 0 && { PGDATABASE: only }),
    ...(options && { PGOPTIONS: options }),
  }
}

/** What is the caller's is no fault of the gateway's answer. */
const oneLine = (text: string | undefined) => text?.replace(/\p{Cc}+/gu, ' ').trim()

/** Whether a name is that of a resource on another plane. */
function isElsewhere(name: string, { kubernetes, http, model, mcp }: PlaneAnswers): boolean {
  return [kubernetes, http, model, mcp].some((plane) => plane?.resources.some((resource) => resource.name === name))
}

/** What each API's own clients read; the credential goes into the slot that they fill anyway. */
function modelVariables({ planes: { model }, asked, traceparent }: JobVariablesParts, choices: Choice[]): Record<string, string> {
  if (model === undefined) return {}
  const { credential } = model
  const variables: Record<string, string> = {}
  const point = (api: string, what: string, at: (url: string) => Record<string, string>) => {
    const all = model.resources.filter((resource) => (resource.api ?? 'openai') === api)
    const chosen = chosenOf(all, asked)
    if (chosen === undefined) return
    choices.push(choiceOf(what, chosen, all))
    Object.assign(variables, at(chosen.url))
  }
  const claims = `traceparent: ${traceparent}`
  point('openai', 'the OpenAI API', (url) => ({
    OPENAI_BASE_URL: url,
    OPENAI_API_KEY: credential,
    OPENAI_CUSTOM_HEADERS: claims,
    // Ollama's own API is none that a model resource has: its clients are refused by the gateway instead of finding a server that nobody watches.
    OLLAMA_HOST: url,
    OLLAMA_API_KEY: credential,
  }))
  point('azure-openai', 'Azure OpenAI', (url) => ({ AZURE_OPENAI_ENDPOINT: url, AZURE_OPENAI_API_KEY: credential }))
  point('anthropic', 'the Anthropic API', (url) => ({
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_AUTH_TOKEN: credential,
    ANTHROPIC_CUSTOM_HEADERS: claims,
  }))
  return variables
}

/** For who knows of the gateway; others are found by the names that their operator gave them. */
function plainVariables(
  kind: 'HTTP' | 'MCP',
  plane: HttpsAnswer | undefined,
  { asked, files }: JobVariablesParts,
  choices: Choice[],
): Record<string, string> {
  const chosen = plane && chosenOf(plane.resources, asked)
  if (plane === undefined || chosen === undefined) return {}
  choices.push(choiceOf(kind === 'HTTP' ? 'GATESCRIBE_HTTP_URL' : 'GATESCRIBE_MCP_URL', chosen, plane.resources))
  return {
    [`GATESCRIBE_${kind}_URL`]: chosen.url,
    [`GATESCRIBE_${kind}_TOKEN`]: plane.credential,
    [`GATESCRIBE_${kind}_CA`]: files.bundle,
  }
}

/** The gateway itself is reached without the proxy. */
function proxyVariables(proxyUrl: string | undefined, { planes, gatewayHost }: JobVariablesParts): Record<string, string> {
  if (proxyUrl === undefined) return {}
  const behindHttps = [planes.kubernetes, planes.http, planes.model, planes.mcp].map((plane) => plane?.host)
  const hosts = [gatewayHost, planes.postgres.host, ...behindHttps, 'localhost', '127.0.0.1', '::1']
  const none = [...new Set(hosts.filter((host) => host !== undefined))].join(',')
  return {
    ...{ HTTPS_PROXY: proxyUrl, https_proxy: proxyUrl, NO_PROXY: none, no_proxy: none },
    // From Node 24 on fetch and http go by these variables where this says so.
    NODE_USE_ENV_PROXY: '1',
  }
}

/** Traces go to the gateway, which keeps them with the run; it takes nothing else. */
function telemetryVariables({ planes, files, passed }: JobVariablesParts): Record<string, string> {
  const { otlp, http, model, mcp, kubernetes } = planes
  const credential = (http ?? model ?? mcp ?? kubernetes)?.credential
  if (otlp === undefined || credential === undefined) return {}
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${credential}`,
    OTEL_EXPORTER_OTLP_CERTIFICATE: files.bundle,
    ...{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' },
    ...(!passed.OTEL_SERVICE_NAME && { OTEL_SERVICE_NAME: 'agent-job' }),
  }
}

function trustVariables({ bundle, extraRoots }: JobFiles): Record<string, string> {
  return {
    ...{ SSL_CERT_FILE: bundle, REQUESTS_CA_BUNDLE: bundle, CURL_CA_BUNDLE: bundle, PIP_CERT: bundle, GIT_SSL_CAINFO: bundle },
    ...(extraRoots !== undefined && { NODE_EXTRA_CA_CERTS: extraRoots }),
  }
}

/** `env:` of resources. A name that would load code, prove an identity or lead another client elsewhere is not one that a gateway may set. */
function namedByOperator({ http, model, mcp }: PlaneAnswers): Record<string, string> {
  const variables: Record<string, string> = {}
  const set = (name: string | undefined, value: string) => {
    if (name === undefined) return
    if (!mayBeNamed(name)) throw new LaunchError('GS_LAUNCH_ANSWER', `a resource may not set ${name}`)
    variables[name] = value
  }
  const each = (plane: HttpsAnswer | undefined, { url, env }: ReachableResource) => {
    set(env?.url, url)
    set(env?.token, plane?.credential ?? '')
  }
  for (const plane of [http, model, mcp]) for (const resource of plane?.resources ?? []) each(plane, resource)
  return variables
}

function mayBeNamed(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name) && !isReservedVariable(name) && !isAmong(MINTING, name)
}

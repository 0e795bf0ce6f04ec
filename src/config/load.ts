import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { buildConfig } from './build.ts'
import { checkDocument } from './checks/index.ts'
import type { Config, LoadedConfig } from './config.ts'
import { ConfigError } from './errors.ts'
import { explainIssues } from './explain.ts'
import { UnusableKubeconfig } from './http-address.ts'
import { UnusableJwks } from './jwks.ts'
import { type Document, document } from './schema/document.ts'
import { type Finding, type Path, readSource, type Source } from './source.ts'
import { findUnsupported } from './unsupported.ts'

/**
 * Reads the one configuration file and judges all of it. No secret is resolved.
 *
 * @param path the file; relative paths in it start from its folder
 * @param env only asked whether variables that references name are set
 * @param now milliseconds since the epoch, for rules that have expired
 * @throws ConfigError with every problem, in the order of the file
 */
export function loadConfig(path: string, env: Readonly<Record<string, string | undefined>>, now: number = Date.now()): LoadedConfig {
  const file = resolve(path)
  const source = readSource(file)
  const unsupported = findUnsupported(source.value)
  const parsed = document.safeParse(source.value)
  if (!parsed.success || unsupported.findings.length > 0) {
    const findings = explainIssues(parsed.error?.issues ?? [], source.value)
    throw refused(source, [...unsupported.findings, ...findings.filter(({ path }) => !isHidden(path, unsupported.hidden))])
  }
  const folder = dirname(file)
  const { errors, warnings } = checkDocument(parsed.data, { folder, env, now })
  if (errors.length > 0) throw refused(source, errors)
  return {
    config: build(source, parsed.data, folder),
    digest: `sha256:${createHash('sha256').update(source.text).digest('hex')}`,
    text: source.text,
    warnings: inOrder(warnings.map(source.problem)),
  }
}

function build(source: Source, checked: Document, folder: string): Config {
  try {
    return buildConfig(checked, folder)
  } catch (error) {
    // The checks have read it a moment ago: somebody is replacing it just now.
    const path = error instanceof UnusableJwks ? ['issuers'] : error instanceof UnusableKubeconfig ? ['resources'] : undefined
    if (path === undefined) throw error
    const { message } = error as Error
    throw refused(source, [{ code: 'GS_CONFIG_WRONG_VALUE', path, message, next: 'Put the file back, then try again.' }])
  }
}

const isHidden = (path: Path, hidden: readonly Path[]) => hidden.some((above) => above.every((step, depth) => path[depth] === step))

const refused = (source: Source, findings: readonly Finding[]) => new ConfigError(inOrder(findings.map(source.problem)))

function inOrder<T extends { line: number; column: number }>(problems: readonly T[]): readonly T[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
}

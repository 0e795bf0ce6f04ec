import { readFileSync } from 'node:fs'
import { buildConfig } from '../../src/config/build.ts'
import { checkDocument } from '../../src/config/checks/index.ts'
import { explainIssues } from '../../src/config/explain.ts'
import { document } from '../../src/config/schema/document.ts'
import { describePath, type Finding, parseSource } from '../../src/config/source.ts'

/** docs/examples/gatescribe.yaml: its sections stand in the order gateway, issuers, resources, rules, trail. */
export const EXAMPLE = readFileSync(new URL('../../docs/examples/gatescribe.yaml', import.meta.url), 'utf8')

const okta = '  - { name: okta, issuer: "https://acme.okta.com", people: { clientId: 0oa1b2c3, groups: "{groups}" } }\n'
/** The same with an issuer of people, `okta`, and a door for them. */
export const EXAMPLE_WITH_PEOPLE = EXAMPLE.replace('resources:\n', `${okta}\nresources:\n`).replace(
  /( +)token: .*\n/,
  '$&$1admin: 127.0.0.1:8445\n',
)

export interface Judged {
  readonly findings: readonly Finding[]
  /** Absent where it is refused. */
  readonly config: ReturnType<typeof buildConfig> | undefined
}

/** As `loadConfig` does, but for fields that are refused by name; in August 2026. */
export function judge(text: string): Judged {
  const { value } = parseSource('gatescribe.yaml', text)
  const parsed = document.safeParse(value)
  if (!parsed.success) return { findings: explainIssues(parsed.error.issues, value), config: undefined }
  const { errors, warnings } = checkDocument(parsed.data, { folder: '/etc/gatescribe', env: {}, now: Date.parse('2026-08-01T00:00:00Z') })
  return { findings: [...errors, ...warnings], config: errors.length === 0 ? buildConfig(parsed.data, '/etc/gatescribe') : undefined }
}

/** Each finding in short: `INCONSISTENT rules[0].when`. */
export const brief = (text: string): readonly string[] =>
  judge(text).findings.map(({ code, path }) => `${code.replace('GS_CONFIG_', '')} ${describePath(path)}`)

import { createHash } from 'node:crypto'
import { type IssuerKeys, issuerKeys, type KeyTimes } from '../issuer-keys.ts'
import { signingAlgorithms } from '../settings.ts'
import { parseTemplate, type Template } from '../template.ts'
import { checkPeopleIssuer } from './check-people-issuer.ts'
import { PeopleError } from './errors.ts'
import { type IssuerMetadata, issuerMetadata } from './metadata.ts'
import type { PeopleIssuerSettings } from './settings.ts'

/** A configured issuer of people, ready to sign them in: templates parsed, defaults filled in, its addresses and keys at hand. */
export interface PeopleIssuer {
  readonly settings: PeopleIssuerSettings
  /** `sha256:…` of the settings. */
  readonly digest: string
  readonly algorithms: readonly string[]
  readonly groups: readonly Template[]
  readonly link: ReadonlyMap<string, Template>
  readonly displayName: Template | undefined
  /** Top-level claims that decide something. */
  readonly wanted: ReadonlySet<string>
  /** What the issuer says of itself, at most an hour old. @throws PeopleError GS_PEOPLE_ISSUER_UNAVAILABLE, GS_PEOPLE_ISSUER_UNSUITABLE */
  metadata(): Promise<IssuerMetadata>
  /** Keys from where the issuer itself says they are. */
  keys(metadata: IssuerMetadata): IssuerKeys
}

/** @throws PeopleError GS_PEOPLE_ISSUER_UNSAFE, naming the field, where `checkPeopleIssuer` refuses the settings */
export function preparePeopleIssuer(settings: PeopleIssuerSettings, times?: KeyTimes): PeopleIssuer {
  const problem = checkPeopleIssuer(settings).find(({ level }) => level === 'refused')
  if (problem) throw new PeopleError('GS_PEOPLE_ISSUER_UNSAFE', `issuer ${settings.name}, ${problem.field}: ${problem.sentence}`)
  const groups = settings.groups.map(parseTemplate)
  const link = new Map(Object.entries(settings.link).map(([name, text]) => [name, parseTemplate(text)] as const))
  let keys: { readonly uri: string; readonly find: IssuerKeys } | undefined
  return {
    settings,
    digest: `sha256:${createHash('sha256').update(JSON.stringify(settings)).digest('hex')}`,
    algorithms: settings.algorithms ?? signingAlgorithms,
    groups,
    link,
    displayName: settings.displayName === undefined ? undefined : parseTemplate(settings.displayName),
    wanted: new Set([...claimsOf(groups), ...claimsOf([...link.values()]), ...Object.keys(settings.accept ?? {}).map(topLevel)]),
    metadata: issuerMetadata(settings),
    keys({ jwks_uri: uri }) {
      if (keys?.uri !== uri) keys = { uri, find: issuerKeys({ ...settings, keys: { from: 'uri', uri } }, times) }
      return keys.find
    },
  }
}

function claimsOf(templates: readonly Template[]): readonly string[] {
  return templates.flatMap(({ parts }) => parts.flatMap((part) => ('claim' in part ? [topLevel(part.claim)] : [])))
}

/** A JSON Pointer starts in a top-level claim too (RFC 6901). */
function topLevel(path: string): string {
  return path.startsWith('/') ? path.split('/')[1]!.replaceAll('~1', '/').replaceAll('~0', '~') : path
}

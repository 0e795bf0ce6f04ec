import { checkIssuer } from './check-issuer.ts'
import { IdentityError } from './errors.ts'
import { type IssuerKeys, issuerKeys, type KeyTimes } from './issuer-keys.ts'
import { type IssuerSettings, type RunSettings, signingAlgorithms } from './settings.ts'
import { parseTemplate, type Template } from './template.ts'

/** A configured issuer, ready to check tokens: templates parsed, defaults filled in, keys at hand. */
export interface Issuer {
  readonly settings: IssuerSettings
  readonly keys: IssuerKeys
  readonly algorithms: readonly string[]
  readonly groups: readonly Template[]
  readonly runId: readonly Template[]
  readonly runFacts: Readonly<Partial<Record<keyof Omit<RunSettings, 'id'>, Template>>>
}

/** @throws IdentityError GS_IDENTITY_ISSUER_UNSAFE, naming the field, where `checkIssuer` refuses the settings */
export function prepareIssuer(settings: IssuerSettings, times?: KeyTimes): Issuer {
  const problem = checkIssuer(settings).find(({ level }) => level === 'refused')
  if (problem)
    throw new IdentityError('GS_IDENTITY_ISSUER_UNSAFE', { about: `issuer ${settings.name}, ${problem.field}: ${problem.sentence}` })
  const { id, ...facts } = settings.run
  const templates = Object.entries(facts).map(([name, text]) => [name, parseTemplate(text as string)] as const)
  return {
    settings,
    keys: issuerKeys(settings, times),
    algorithms: settings.algorithms ?? signingAlgorithms,
    groups: settings.groups.map(parseTemplate),
    runId: id.map(parseTemplate),
    runFacts: Object.fromEntries(templates),
  }
}

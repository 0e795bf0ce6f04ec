import { IdentityError } from './errors.ts'
import { isAllowedUrl } from './issuer-url.ts'
import { type IssuerSettings, immutableClaims, signingAlgorithms } from './settings.ts'
import { parseTemplate } from './template.ts'

/** What is wrong with an issuer's settings. `refused` must not start; `warning` is worth a line in `gatescribe check`. */
export interface IssuerProblem {
  readonly level: 'refused' | 'warning'
  /** The field below the issuer, such as `accept.sub`. */
  readonly field: string
  /** What to write instead. */
  readonly sentence: string
}

/** Judges one issuer's settings; pure. The configuration shows the result with line and column. */
export function checkIssuer(settings: IssuerSettings): readonly IssuerProblem[] {
  return [...checkOrigin(settings), ...checkAccept(settings), ...checkTemplates(settings)]
}

function checkOrigin(settings: IssuerSettings): IssuerProblem[] {
  const problems: IssuerProblem[] = []
  if (!/^[a-z0-9][a-z0-9-]*$/.test(settings.name)) problems.push(refused('name', 'use lower-case letters, digits and hyphens'))
  if (!isAllowedUrl(settings.issuer, settings)) problems.push(refused('issuer', 'use the https URL exactly as it stands in the iss claim'))
  if (settings.audience === '') problems.push(refused('audience', "name this gateway, such as its token door's URL"))
  if (settings.keys?.from === 'uri' && !isAllowedUrl(settings.keys.uri, settings)) problems.push(refused('keys.uri', 'use an https URL'))
  if (settings.algorithms?.length === 0) problems.push(refused('algorithms', 'name at least one, or leave it out'))
  for (const algorithm of settings.algorithms ?? []) {
    if (!signingAlgorithms.includes(algorithm)) problems.push(refused('algorithms', `choose from ${signingAlgorithms.join(', ')}`))
  }
  return problems
}

function checkAccept({ accept, immutable = immutableClaims }: IssuerSettings): IssuerProblem[] {
  const problems: IssuerProblem[] = []
  const claims = Object.keys(accept)
  if (claims.includes('sub') || claims.includes('/sub'))
    problems.push(refused('accept.sub', 'match the separate claims instead: the form of sub changes with settings of the repository'))
  const pinned = claims.filter((claim) => immutable.includes(claim))
  if (pinned.length === 0)
    problems.push(refused('accept', `pin an id that cannot be taken over by renaming, such as ${immutable.slice(0, 2).join(' or ')}`))
  const constant = immutable.find((claim) => /^\/?(iss|aud)$/.test(claim))
  if (constant !== undefined)
    problems.push(refused('immutable', `${constant} is the same in every token for this gateway, so it tells nobody apart`))
  for (const claim of pinned) {
    const values = [accept[claim]!].flat()
    if (values.some((value) => typeof value === 'string' && value.includes('*')))
      problems.push(refused(`accept.${claim}`, 'write the id in full: a glob over ids accepts anybody'))
  }
  for (const claim of claims) {
    if ([accept[claim]!].flat().length === 0) problems.push(refused(`accept.${claim}`, 'name at least one value, or leave the claim out'))
  }
  if (!claims.some((claim) => PINS.has(claim)))
    problems.push(
      warning('accept', 'also pin job_workflow_ref, environment or ref_protected, else any branch of the repository is accepted'),
    )
  return problems
}

/** What narrows a repository to reviewed code: GitHub's, GitLab's; a Kubernetes service account is narrow in itself. */
const PINS = new Set(['job_workflow_ref', 'environment', 'ref_protected', 'ci_config_ref_uri', '/kubernetes.io/serviceaccount/uid'])

function checkTemplates({ groups, run }: IssuerSettings): IssuerProblem[] {
  const problems: IssuerProblem[] = []
  const { id, ...facts } = run
  if (id.length === 0) problems.push(refused('run.id', 'name the claims that identify one run of one job'))
  for (const text of [...id, ...Object.values(facts), ...groups]) {
    try {
      parseTemplate(text)
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error
      problems.push(refused(groups.includes(text) ? 'groups' : 'run', `pair the braces of "${text}"`))
    }
  }
  for (const text of id) {
    if (!text.includes('{')) problems.push(refused('run.id', `"${text}" names no claim in braces`))
  }
  const kinds = groups.map((group) => group.split(':')[0]!)
  for (const [at, group] of groups.entries()) {
    if (!/^[a-z0-9-]+:./.test(group)) problems.push(refused('groups', `start "${group}" with the kind of group, such as repo:`))
    if (/\}\{/.test(group)) problems.push(refused('groups', `put a separator between the claims of "${group}"`))
    if (kinds.indexOf(kinds[at]!) !== at) problems.push(refused('groups', `use the kind "${kinds[at]}:" in one template only`))
  }
  return problems
}

function refused(field: string, sentence: string): IssuerProblem {
  return { level: 'refused', field, sentence }
}

function warning(field: string, sentence: string): IssuerProblem {
  return { level: 'warning', field, sentence }
}

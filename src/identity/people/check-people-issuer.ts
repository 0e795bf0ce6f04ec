import type { IssuerProblem } from '../check-issuer.ts'
import { IdentityError } from '../errors.ts'
import { isAllowedUrl } from '../issuer-url.ts'
import { signingAlgorithms } from '../settings.ts'
import { parseTemplate, type Template } from '../template.ts'
import { bareClaim } from './groups.ts'
import { defaultScopes, type PeopleIssuerSettings } from './settings.ts'

/** Judges the settings of one issuer of people; pure. `field` is below the issuer, such as `people.groups`. */
export function checkPeopleIssuer(settings: PeopleIssuerSettings): readonly IssuerProblem[] {
  return [...checkOrigin(settings), ...checkRegistrations(settings), ...checkAccept(settings), ...checkTemplates(settings)]
}

function* checkOrigin({ name, issuer, algorithms, ...settings }: PeopleIssuerSettings): Iterable<IssuerProblem> {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) yield refused('name', 'use lower-case letters, digits and hyphens')
  if (!isAllowedUrl(issuer, settings)) yield refused('issuer', 'use the https URL exactly as it stands in the iss claim')
  else if (isSharedTenant(new URL(issuer)))
    yield refused('issuer', "write your own tenant's id in the URL: through this one, accounts of every organisation sign in")
  if (algorithms?.length === 0) yield refused('algorithms', 'name at least one, or leave it out')
  for (const algorithm of algorithms ?? []) {
    if (!signingAlgorithms.includes(algorithm)) yield refused('algorithms', `choose from ${signingAlgorithms.join(', ')}`)
  }
}

/** Entra ID's issuers for whoever has an account anywhere. */
function isSharedTenant({ hostname, pathname }: URL): boolean {
  return (
    /^login\.microsoftonline\.(com|us)$|^login\.partner\.microsoftonline\.cn$/.test(hostname) &&
    !/^\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\//i.test(pathname)
  )
}

function* checkRegistrations({ clientId, device, scopes = defaultScopes }: PeopleIssuerSettings): Iterable<IssuerProblem> {
  if (clientId === '') yield refused('people.clientId', "write the gateway's own client id at this issuer")
  if (device?.clientId === '') yield refused('people.device.clientId', 'write the client id for the device flow, or leave device out')
  if (!scopes.includes('openid')) yield refused('people.scopes', 'add openid: without it there is no identity token')
  // RFC 6749 §3.3. Nothing here may be renewed behind the person's back.
  for (const scope of scopes) {
    if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) yield refused('people.scopes', 'write each scope as one word')
    if (scope === 'offline_access') yield refused('people.scopes', 'leave offline_access out: the gateway keeps no tokens of persons')
  }
}

function* checkAccept({ issuer, accept = {} }: PeopleIssuerSettings): Iterable<IssuerProblem> {
  if (Object.hasOwn(accept, 'sub')) yield refused('people.accept.sub', 'give single persons a role by a group over sub instead')
  for (const [claim, value] of Object.entries(accept)) {
    if ([value].flat().length === 0) yield refused(`people.accept.${claim}`, 'name at least one value, or leave the claim out')
  }
  if (!/^https:\/\/accounts\.google\.com\/?$/.test(issuer)) return
  const domains = [accept.hd ?? []].flat()
  if (domains.length === 0 || domains.some((domain) => typeof domain !== 'string' || domain.includes('*')))
    yield refused('people.accept', 'match hd, in full: with this issuer anybody who has a Google account can sign in')
}

function* checkTemplates({ groups, displayName, link }: PeopleIssuerSettings): Iterable<IssuerProblem> {
  const others = [
    ['people.displayName', displayName] as const,
    ...Object.entries(link).map(([name, text]) => [`people.link.${name}`, text] as const),
  ]
  for (const [field, text] of others) {
    if (text === undefined) continue
    if (read(text) === undefined) yield refused(field, `pair the braces of "${text}"`)
    else if (!text.includes('{')) yield refused(field, `"${text}" names no claim in braces, so it would be the same for everybody`)
  }
  const kinds: string[] = []
  for (const text of groups) {
    const template = read(text)
    if (template === undefined) yield refused('people.groups', `pair the braces of "${text}"`)
    else yield* checkGroup(template, kinds)
  }
}

function* checkGroup(template: Template, kinds: string[]): Iterable<IssuerProblem> {
  const { text } = template
  // Encoded names hold no colon, so groups of bare claims and of kinds cannot meet.
  const kind = bareClaim(template) === undefined ? `${text.split(':')[0]}:` : 'bare'
  if (kind === 'bare') {
    if (kinds.includes(kind)) yield refused('people.groups', 'name one claim that stands alone in its template: two would mix their groups')
  } else {
    if (!/^[a-z0-9-]+:./.test(text)) yield refused('people.groups', `start "${text}" with the kind of group, such as domain:`)
    if (!text.includes('{')) yield refused('people.groups', `"${text}" names no claim in braces, so everybody would be in it`)
    if (/\}\{/.test(text)) yield refused('people.groups', `put a separator between the claims of "${text}"`)
    if (kinds.includes(kind)) yield refused('people.groups', `use the kind "${kind}" in one template only`)
  }
  kinds.push(kind)
}

function read(text: string): Template | undefined {
  try {
    return parseTemplate(text)
  } catch (error) {
    if (error instanceof IdentityError) return undefined
    throw error
  }
}

function refused(field: string, sentence: string): IssuerProblem {
  return { level: 'refused', field, sentence }
}

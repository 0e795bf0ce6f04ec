import { type Claims, claimAt, claimText } from '../claims.ts'
import { fillGroup, type Template } from '../template.ts'
import { PeopleError } from './errors.ts'

/** Groups of one person, and UTF-16 code units of one group's name, at most: an issuer may be taken over. */
const MOST = 1_000
const LONGEST = 512

/** The claim of a template that is nothing but one claim, `{groups}`. */
export function bareClaim(template: Template): string | undefined {
  const [part, ...others] = template.parts
  return part && 'claim' in part && others.length === 0 ? part.claim : undefined
}

/**
 * The groups that the claims give a person, without the issuer's name.
 * A bare claim gives what stands in it, name by name, percent-encoded: no name holds a separator then, so none can pass for a group of another
 * template, another issuer or two groups. Nothing is split: `a,b` is one name.
 * @throws PeopleError GS_PEOPLE_CLAIM_UNUSABLE, naming the claim
 * @throws IdentityError GS_IDENTITY_CLAIM_UNUSABLE for a separator in a claim that stands in a template with others
 */
export function groupsFrom(claims: Claims, templates: readonly Template[]): readonly string[] {
  const groups = new Set<string>()
  for (const template of templates) {
    const claim = bareClaim(template)
    const given = claim === undefined ? [fillGroup(template, claims)] : namesIn(claims, claim).map((name) => encodedName(name, claim))
    for (const group of given) if (group !== undefined) groups.add(group)
  }
  if (groups.size > MOST) throw new PeopleError('GS_PEOPLE_CLAIM_UNUSABLE', `more than ${MOST} groups`)
  return [...groups]
}

/** A list of strings, or one value for one group. Anything else is no list of groups that we know how to read. */
function namesIn(claims: Claims, claim: string): readonly string[] {
  const value = claimAt(claims, claim)
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    const text = claimText(claims, claim)
    if (text === undefined) throw unusable(claim)
    return [text]
  }
  if (value.length > MOST) throw new PeopleError('GS_PEOPLE_CLAIM_UNUSABLE', `claim ${claim}: more than ${MOST} groups`)
  if (!value.every((name) => typeof name === 'string')) throw unusable(claim)
  return value
}

/** @throws PeopleError GS_PEOPLE_CLAIM_UNUSABLE for what is empty, too long or no Unicode */
function encodedName(name: string, claim: string): string {
  if (name === '' || name.length > LONGEST || !name.isWellFormed()) throw unusable(claim)
  return name
    .replace(/[^A-Za-z0-9._@+=~-]/gu, encodeURIComponent)
    .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** Whether a group that a configuration names, without the issuer's name, is written as a bare claim gives it. */
export function isEncodedName(group: string): boolean {
  return /^(?:[A-Za-z0-9._@+=~-]|%[0-9A-F]{2})+$/.test(group)
}

const unusable = (claim: string) => new PeopleError('GS_PEOPLE_CLAIM_UNUSABLE', `claim ${claim}`)

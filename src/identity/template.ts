import { type Claims, claimText } from './claims.ts'
import { IdentityError } from './errors.ts'

/** `repo:{repository}`, taken apart: literals and claims in turn. */
export interface Template {
  readonly text: string
  readonly parts: readonly ({ readonly literal: string } | { readonly claim: string })[]
}

/** @throws IdentityError GS_IDENTITY_ISSUER_UNSAFE where braces do not pair up */
export function parseTemplate(text: string): Template {
  const parts = text.split(/(\{[^{}]+\})/).filter((part) => part !== '')
  return {
    text,
    parts: parts.map((part) => {
      if (part.startsWith('{') && part.endsWith('}')) return { claim: part.slice(1, -1) }
      if (/[{}]/.test(part)) throw new IdentityError('GS_IDENTITY_ISSUER_UNSAFE', { about: `template "${text}": braces do not pair up` })
      return { literal: part }
    }),
  }
}

/** Longest text that is taken from claims, in UTF-16 code units. */
const LONGEST = 1024

/** Whether what an issuer says can be shown and written down as it is: no controls, no overrides of direction, valid Unicode, at most 1 KiB. */
export function isPlain(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.length <= LONGEST && text.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(text)
}

/**
 * The text that the claims give, as it is; undefined where a claim is absent. For what is shown, not for what decides.
 * @throws IdentityError GS_IDENTITY_CLAIM_UNUSABLE for what is not plain (see `isPlain`)
 */
export function fill(template: Template, claims: Claims): string | undefined {
  let filled = ''
  for (const part of template.parts) {
    const text = 'literal' in part ? part.literal : claimText(claims, part.claim)
    if (text === undefined) return undefined
    filled += text
  }
  if (!isPlain(filled)) throw new IdentityError('GS_IDENTITY_CLAIM_UNUSABLE', { about: `template "${template.text}"` })
  return filled
}

/**
 * A group's name. Values may not hold a separator of the template, nor `:`, which ends the kind of group that every template
 * starts with; so no claim can imitate another template's group or another claim's place. What else is not plain is percent-encoded.
 * @returns undefined where a claim is absent: the group is then not given
 * @throws IdentityError GS_IDENTITY_CLAIM_UNUSABLE for a separator that the template did not expect
 */
export function fillGroup(template: Template, claims: Claims): string | undefined {
  const separators = new Set(
    template.parts.flatMap((part) => ('literal' in part ? part.literal.replace(/[A-Za-z0-9]/g, '').split('') : [])),
  )
  separators.add(':')
  let group = ''
  for (const part of template.parts) {
    if ('literal' in part) {
      group += part.literal
      continue
    }
    const text = claimText(claims, part.claim)
    if (text === undefined) return undefined
    if (
      text.length > 512 ||
      [...text].some((character) => separators.has(character)) ||
      !text.isWellFormed() ||
      /(^|\/)\.{0,2}(\/|$)/.test(text)
    )
      throw new IdentityError('GS_IDENTITY_CLAIM_UNUSABLE', { about: `claim ${part.claim} in group template "${template.text}"` })
    group += text
      .replace(/[^A-Za-z0-9._/@+=~-]/gu, encodeURIComponent)
      .replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
  }
  return group
}

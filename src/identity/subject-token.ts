import { createHash } from 'node:crypto'
import { type CryptoKey, compactVerify, errors, type JWTHeaderParameters } from 'jose'
import type { Job, Run, RunFacts } from '../operations/index.ts'
import { isEventRefused, unacceptedClaim } from './acceptance.ts'
import type { Claims } from './claims.ts'
import { IdentityError } from './errors.ts'
import type { Issuer } from './issuer.ts'
import { runIdOf } from './run-id.ts'
import { fill, fillGroup, isPlain } from './template.ts'

/** What a token proved, once every step below has passed. */
export interface ProvenJob {
  readonly run: Omit<Run, 'startedAt'>
  /** Identifies this token, for refusing a second use. */
  readonly tokenId: Buffer
  /** When no later check would accept it any more, ms since the epoch. */
  readonly usableUntil: number
}

/** Whose token it is, once every step but the last has passed. */
export interface ProvenSubject extends Pick<ProvenJob, 'tokenId' | 'usableUntil'> {
  readonly issuer: Issuer
  readonly subject: string
  readonly claims: Claims
}

export interface SubjectContext {
  /** By the exact `iss`. */
  readonly issuers: ReadonlyMap<string, Issuer>
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Called once the signature is known to be good, with the configured issuer name and the subject. */
  signed(issuer: string, subject: string): void
  /** Called once the token is known to be for this gateway, now; may throw to throttle. */
  usable(issuer: string, subject: string): void
}

export interface ProofContext extends SubjectContext {
  readonly runIdKey: Uint8Array
}

const LONGEST = 16 * 1024
/** Seconds. */
const SKEW = 60
const OLDEST = 600

/**
 * From the compact JWT of a CI system or workload to a Job and its run. RFC 8693 §2.1 (subject_token).
 * @throws IdentityError
 */
export async function proveJob(token: string, context: ProofContext): Promise<ProvenJob> {
  const { issuer, subject, claims, tokenId, usableUntil } = await proveSubject(token, context)
  const principal: Job = { kind: 'job', issuer: issuer.settings.name, subject, groups: groupsOf(claims, issuer) }
  const run = {
    id: runIdOf(context.runIdKey, issuer.settings.issuer, runIdValues(claims, issuer)),
    principal,
    facts: factsOf(claims, issuer),
  }
  return { run, tokenId, usableUntil }
}

/**
 * Whose token it is, and that it is for this gateway, now. Reads as the list it is: each step refuses, or the next one runs.
 * RFC 8725 (best current practices for JWT).
 * @throws IdentityError
 */
export async function proveSubject(token: string, context: SubjectContext): Promise<ProvenSubject> {
  const { header, unverified } = readShape(token)
  const issuer = selectIssuer(unverified, context.issuers)
  refuseAlgorithm(header, issuer)
  const claims = await verifySignature(token, issuer)
  const subject = requireSubject(claims)
  context.signed(issuer.settings.name, subject)
  requireType(header, issuer)
  requireIssuer(claims, issuer)
  requireAudience(claims, issuer)
  const usableUntil = requireTimes(claims, context.now)
  context.usable(issuer.settings.name, subject)
  refuseStrangersEvent(claims, issuer)
  requireAcceptedClaims(claims, issuer)
  return { issuer, subject, claims, tokenId: tokenIdOf(token, claims, issuer), usableUntil }
}

interface Shape {
  readonly header: JWTHeaderParameters
  /** Nothing of this may be believed; it only selects which issuer's keys to try. */
  readonly unverified: Claims
}

/** RFC 7515 §3.1: three base64url parts. A JWE has five. */
function readShape(token: string): Shape {
  if (token.length > LONGEST || !/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) throw new IdentityError('GS_IDENTITY_TOKEN_MALFORMED')
  const [header, payload] = token.split('.')
  return { header: parsePart(header!) as JWTHeaderParameters, unverified: parsePart(payload!) }
}

function parsePart(part: string): Claims {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(part, 'base64url')))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Claims
  } catch {
    // Same refusal as for JSON that is no object.
  }
  throw new IdentityError('GS_IDENTITY_TOKEN_MALFORMED')
}

function selectIssuer(unverified: Claims, issuers: ReadonlyMap<string, Issuer>): Issuer {
  const issuer = typeof unverified.iss === 'string' ? issuers.get(unverified.iss) : undefined
  if (!issuer) throw new IdentityError('GS_IDENTITY_ISSUER_UNKNOWN')
  return issuer
}

/** RFC 8725 §3.1; and RFC 7515 §4.1.11: we understand no extension, so nothing may be critical. */
function refuseAlgorithm(header: JWTHeaderParameters, issuer: Issuer): void {
  if (header.crit !== undefined) throw new IdentityError('GS_IDENTITY_ALGORITHM_REFUSED', { about: 'crit' })
  if (typeof header.alg !== 'string' || !issuer.algorithms.includes(header.alg)) throw new IdentityError('GS_IDENTITY_ALGORITHM_REFUSED')
}

async function verifySignature(token: string, issuer: Issuer): Promise<Claims> {
  let verified: { payload: Uint8Array; key: CryptoKey | Uint8Array }
  try {
    verified = (await compactVerify(token, issuer.keys, { algorithms: [...issuer.algorithms] })) as typeof verified
  } catch (error) {
    if (error instanceof IdentityError) throw error
    if (error instanceof errors.JOSEError || error instanceof TypeError)
      throw new IdentityError('GS_IDENTITY_SIGNATURE_INVALID', { cause: error })
    throw error
  }
  return parsePart(Buffer.from(verified.payload).toString('base64url'))
}

function requireSubject(claims: Claims): string {
  if (typeof claims.sub === 'string' && claims.sub !== '' && isPlain(claims.sub)) return claims.sub
  throw new IdentityError('GS_IDENTITY_CLAIM_UNUSABLE', { about: 'sub' })
}

/** RFC 8725 §3.11. */
function requireType(header: JWTHeaderParameters, issuer: Issuer): void {
  const accepted = issuer.settings.types
  if (header.typ === undefined && accepted === undefined) return
  const plain = (type: string) => type.toLowerCase().replace(/^application\//, '')
  if (typeof header.typ === 'string' && (accepted ?? ['JWT']).map(plain).includes(plain(header.typ))) return
  throw new IdentityError('GS_IDENTITY_TYPE_REFUSED')
}

/** Again, on what was signed: the selection above believed nothing. */
function requireIssuer(claims: Claims, issuer: Issuer): void {
  if (claims.iss !== issuer.settings.issuer) throw new IdentityError('GS_IDENTITY_ISSUER_UNKNOWN')
}

/** This gateway and nobody else: a token for two could be used by the other one here. */
function requireAudience(claims: Claims, issuer: Issuer): void {
  const audience = Array.isArray(claims.aud) && claims.aud.length === 1 ? claims.aud[0] : claims.aud
  if (audience !== issuer.settings.audience) throw new IdentityError('GS_IDENTITY_AUDIENCE_WRONG')
}

/** RFC 7519 §4.1.4–6. Returns when the token stops being usable, ms since the epoch. */
function requireTimes(claims: Claims, now: number): number {
  const { exp, iat, nbf } = claims
  const seconds = now / 1000
  if (!isTime(exp) || !isTime(iat) || !(nbf === undefined || isTime(nbf))) throw new IdentityError('GS_IDENTITY_TIMES_INVALID')
  if (exp + SKEW <= seconds) throw new IdentityError('GS_IDENTITY_TOKEN_EXPIRED')
  if (iat - SKEW > seconds || (nbf !== undefined && nbf - SKEW > seconds)) throw new IdentityError('GS_IDENTITY_TOKEN_NOT_YET_VALID')
  if (seconds - iat > OLDEST + SKEW) throw new IdentityError('GS_IDENTITY_TOKEN_TOO_OLD')
  return Math.ceil((Math.min(exp, iat + OLDEST) + SKEW) * 1000)
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function refuseStrangersEvent(claims: Claims, issuer: Issuer): void {
  if (isEventRefused(issuer.settings.accept, claims)) throw new IdentityError('GS_IDENTITY_EVENT_REFUSED')
}

/** At least one of these is an immutable id: `checkIssuer` refuses settings without one. */
function requireAcceptedClaims(claims: Claims, issuer: Issuer): void {
  const claim = unacceptedClaim(issuer.settings.accept, claims)
  if (claim !== undefined) throw new IdentityError('GS_IDENTITY_NOT_ACCEPTED', { about: `claim ${claim}` })
}

function groupsOf(claims: Claims, issuer: Issuer): readonly string[] {
  const groups = issuer.groups.map((template) => fillGroup(template, claims)).filter((group) => group !== undefined)
  return groups.map((group) => `${issuer.settings.name}/${group}`)
}

function runIdValues(claims: Claims, issuer: Issuer): readonly string[] {
  return issuer.runId.map((template) => {
    const value = fill(template, claims)
    if (value === undefined) throw new IdentityError('GS_IDENTITY_CLAIM_UNUSABLE', { about: `run.id "${template.text}"` })
    return value
  })
}

function factsOf(claims: Claims, issuer: Issuer): RunFacts {
  const filled = Object.entries(issuer.runFacts).map(([name, template]) => [name, fill(template, claims)] as const)
  const facts = Object.fromEntries(filled.filter(([, text]) => text !== undefined)) as { -readonly [Name in keyof RunFacts]: string }
  if (facts.url !== undefined && !/^https?:\/\//.test(facts.url)) delete facts.url
  return facts
}

/**
 * RFC 7519 §4.1.7. Where an issuer sets no `jti`, what was signed stands for it (without the signature, which for ECDSA can be
 * changed and still verify).
 */
function tokenIdOf(token: string, claims: Claims, issuer: Issuer): Buffer {
  const id = typeof claims.jti === 'string' && claims.jti !== '' ? ['jti', claims.jti] : ['token', token.slice(0, token.lastIndexOf('.'))]
  return createHash('sha256')
    .update(JSON.stringify([issuer.settings.issuer, ...id]))
    .digest()
}

import type { Refusal } from '../../../operations/index.ts'
import * as build from '../wire/build.ts'
import { frontend } from '../wire/codes.ts'
import type { ErrorFields } from '../wire/error-response.ts'
import type { WireName } from '../wire/read.ts'

/**
 * What goes upstream in place of a message that must not: a constant that holds no byte of the client and that the server
 * always answers with an error. So transaction state, order and skip-to-Sync stay the server's own.
 */
export interface StandIn {
  readonly upstream: Uint8Array
  /** Whether this error of the server answers the stand-in; another one passes unchanged. */
  answers(fields: ReadonlyMap<string, string>): boolean
}

const TEXT = 'gatescribe refused'

/** The reason of our CopyFail: the server's error says it in any language. */
export const COPY_REFUSED = TEXT

/** 42601 syntax_error at the first character: the parser never gets further, in any transaction state. */
const isSyntaxError = (fields: ReadonlyMap<string, string>): boolean => fields.get('C') === '42601' && fields.get('P') === '1'

export const standIns = {
  query: { upstream: build.query(TEXT), answers: isSyntaxError },
  /** Under a name of its own, so that the client's unnamed statement survives, as it would a failed Parse of another name. */
  parse: { upstream: build.parse(TEXT, TEXT), answers: isSyntaxError },
  /** A failed Parse of the unnamed statement destroys the one before; so does this. */
  parseUnnamed: { upstream: build.parse('', TEXT), answers: isSyntaxError },
  /**
   * To a statement that does not exist: 26000. Should somebody PREPARE one of that name, two parameter formats for no
   * parameter are still an error (08P01), raised before anything runs.
   */
  bind: {
    upstream: build.bind('', TEXT, [], [0, 0]),
    answers: (fields: ReadonlyMap<string, string>): boolean => fields.get('C') === '26000' || fields.get('C') === '08P01',
  },
} as const satisfies Record<string, StandIn>

/** What replaces a Query, Parse or Bind. */
export function standInFor({ type, name }: { readonly type: number; readonly name: WireName }): StandIn {
  if (type === frontend.query) return standIns.query
  if (type === frontend.bind) return standIns.bind
  return name === '' ? standIns.parseUnnamed : standIns.parse
}

/** How a refusal reads in this protocol: 42501 insufficient_privilege, the rule in DETAIL, the next step in HINT. */
export function refusalFields(refusal: Refusal, severity: 'ERROR' | 'FATAL' = 'ERROR'): ErrorFields {
  // Whoever cancels while it waits for persons sees what a server says, and why nothing came of it.
  if (refusal.code === 'GS_APPROVAL_WITHDRAWN' && severity === 'ERROR') return { ...CANCELLED, detail: refusal.message, hint: refusal.next }
  if (refusal.code === 'GS_OPERATION_CANCELLED') return { ...CANCELLED, severity, detail: refusal.message }
  const { rule } = refusal
  const by = rule === undefined ? 'Refused by the gateway' : `Refused by ${MASK.test(rule) ? 'mask' : 'rule'} "${rule.replace(MASK, '')}"`
  return {
    severity,
    // 57P01 admin_shutdown is what drivers know as "the session was ended on purpose".
    sqlstate: severity === 'FATAL' ? '57P01' : '42501',
    message: refusal.message,
    detail: `${by} (${refusal.code}).`,
    hint: refusal.next,
  }
}

/** In front of the name of a mask, where rules are named; no rule's name has a colon. */
const MASK = /^mask:/

/** The server's own words for a statement that its client cancelled. */
export const CANCELLED: ErrorFields = { severity: 'ERROR', sqlstate: '57014', message: 'canceling statement due to user request' }

/** The server's own words for a Bind to a statement that does not exist. */
export function unknownStatement(name: WireName): ErrorFields {
  const message = name === '' ? 'unnamed prepared statement does not exist' : `prepared statement "${shown(name)}" does not exist`
  return { severity: 'ERROR', sqlstate: '26000', message }
}

/** The server's own words for an Execute of a portal that does not exist. */
export function unknownPortal(name: WireName): ErrorFields {
  return { severity: 'ERROR', sqlstate: '34000', message: `portal "${shown(name)}" does not exist` }
}

function shown(name: WireName): string {
  return Buffer.from(name, 'latin1').toString('utf8')
}

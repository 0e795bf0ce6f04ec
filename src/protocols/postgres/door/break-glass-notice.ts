import type { Session } from '../../../guard/index.ts'
import { buildNoticeResponse } from '../wire/error-response.ts'

/** What whoever connects under break-glass is told before anything else. */
export function breakGlassNotice({ id, until }: NonNullable<Session<unknown, unknown>['breakGlass']>): Uint8Array {
  const at = new Date(until).toISOString()
  return buildNoticeResponse({
    severity: 'NOTICE',
    sqlstate: '00000',
    message: `This session is under break-glass ${id} until ${at}: no rule keeps it from anything.`,
    detail: 'Everything is recorded, and somebody else reviews it. Masks and budgets hold.',
    hint: 'It is cut off when break-glass is over. Connect again then, under the rules as they are.',
  })
}

import type { BreakGlassAsked, BreakGlassView, ShownBreakGlass } from '../../breakglass/index.ts'

/** What two persons open for one of them in an emergency: docs/break-glass.md. */
export interface BreakGlassOperator {
  /** The newest first, 100 at most. @throws CodedError GS_GATEWAY_NO_PEOPLE, as each of these */
  breakGlasses(): Promise<readonly BreakGlassView[]>
  /** One of them, with who and why; that it was looked at is recorded first. @throws CodedError GS_BREAKGLASS_UNKNOWN */
  breakGlass(id: string): Promise<ShownBreakGlass>
  /**
   * Asks for it. Recorded as `breakglass.requested`.
   * @throws CodedError GS_GATEWAY_PERSONS_ONLY; GS_BREAKGLASS_NOT_AVAILABLE, NOT_YOURS, RESOURCE, TOO_LONG, ASKED, TOO_MANY
   */
  requestBreakGlass(asked: BreakGlassAsked): Promise<BreakGlassView>
  /**
   * By another person: from then on it is open. Recorded as `breakglass.opened` first.
   * @throws CodedError GS_GATEWAY_PERSONS_ONLY; GS_BREAKGLASS_SAME_PERSON, NOT_INDEPENDENT, NOT_YOURS, OVER, ASKER_UNKNOWN
   */
  confirmBreakGlass(id: string): Promise<BreakGlassView>
  /** Ends what is open, and what waits, at once. Recorded as `breakglass.closed` or `.ended`. @throws CodedError GS_BREAKGLASS_NOT_YOURS, OVER */
  closeBreakGlass(id: string, reason: string | undefined): Promise<BreakGlassView>
  /** By another person, of what is closed. Recorded as `breakglass.reviewed`. @throws CodedError GS_GATEWAY_PERSONS_ONLY; GS_BREAKGLASS_SAME_PERSON, NOT_INDEPENDENT, STILL_OPEN */
  reviewBreakGlass(id: string, note: string): Promise<BreakGlassView>
}

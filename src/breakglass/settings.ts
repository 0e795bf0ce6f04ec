/** The longest that a glass may be open, however it is configured; ms. */
export const LONGEST_MS = 3_600_000

/** Who may break the glass, on what, and who confirms it; as configured. */
export interface BreakGlassSettings {
  /** Persons in any of these groups, each `issuer/name`. */
  readonly who: { readonly groups: readonly string[] }
  /** Which resources it may be about; both absent: all. */
  readonly on: { readonly resources?: readonly string[]; readonly tags?: readonly string[] }
  /** How long one opening may last, ms; at most `LONGEST_MS`. */
  readonly longest: number
  /** Who the second person must be: in any of these groups. Absent: one who holds the role approver or admin. */
  readonly confirm?: { readonly groups: readonly string[] }
}

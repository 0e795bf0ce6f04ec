/** What the trail says of itself to the operator; never of what it records. */
export interface TrailLog {
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** Where the host says what happens; whoever starts it gives one. */
export interface HostLog {
  info(fields: object, sentence: string): void
  warn(fields: object, sentence: string): void
  error(fields: object, sentence: string): void
}

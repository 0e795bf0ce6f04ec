/** What a result is recorded of at most; what comes behind is counted and digested. */
export interface RecordingCap {
  readonly rows: number
  readonly bytes: number
}

/** How what is shown is recorded. */
export interface RecordingSettings {
  /** Nothing is shown before it is recorded durably. */
  readonly strict: boolean
  /** Per result. */
  readonly cap: RecordingCap
  /** What a client types, or pipes in, at the commands that it runs is kept too. */
  readonly stdin: boolean
  /** Names of the resources whose sessions are recorded; undefined: all. */
  readonly resources: readonly string[] | undefined
}

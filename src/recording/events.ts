/** What may stand in an event: what JSON holds. */
export type RecordedValue =
  | string
  | number
  | boolean
  | null
  | readonly RecordedValue[]
  | { readonly [name: string]: RecordedValue | undefined }

/**
 * One event: seconds since the session began, with milliseconds; a code; what it says. The shape of asciicast v3's lines; the codes are the
 * protocol's (docs/recording.md).
 */
export type RecordedEvent = readonly [at: number, code: string, ...said: RecordedValue[]]

/** The first line of every segment. */
export interface RecordingHeader {
  /** Version of the format. */
  readonly gatescribe: 1
  readonly protocol: string
  readonly session: string
  /** From 1, without a hole. */
  readonly segment: number
  /** When the session's recording began: RFC 3339, UTC, ms. Events count from here. */
  readonly started: string
}

/** A cell: text; null; bytes that are no text, or in the protocol's binary form. */
export type RecordedCell = string | null | { readonly base64: string }

/** One column of a result. */
export interface RecordedColumn {
  readonly name: RecordedCell
  /** PostgreSQL: the number of its type. */
  readonly type: number
  /** Its values come in binary form. */
  readonly binary?: true
}

/** The events of PostgreSQL. What stands behind `op` answers that operation, up to the next `op`; 0: none. */
export type PostgresEvent =
  | readonly [at: number, code: 'op', operation: number]
  | readonly [at: number, code: 'columns', columns: readonly RecordedColumn[]]
  /** Masks that the values of the columns described before went through, by column; null: none. */
  | readonly [at: number, code: 'masks', names: readonly (string | null)[]]
  | readonly [at: number, code: 'row', cells: readonly RecordedCell[]]
  | readonly [at: number, code: 'complete', tag: string]
  /** Fields by their letters (PostgreSQL protocol, "Error and Notice Message Fields"). */
  | readonly [at: number, code: 'error' | 'notice', fields: { readonly [letter: string]: RecordedCell }]
  | readonly [at: number, code: 'copy-in' | 'copy-out', binary: boolean, columns: number]
  | readonly [at: number, code: 'copy', content: RecordedCell]
  | readonly [at: number, code: 'copy-done' | 'parsed' | 'bound' | 'closed' | 'no-data' | 'suspended' | 'empty']
  /** What the target was sent as data of COPY … FROM STDIN; its end; CopyFail, what it says, and whose it was. */
  | readonly [at: number, code: 'copy-sent', content: RecordedCell]
  | readonly [at: number, code: 'copy-sent-done']
  | readonly [at: number, code: 'copy-sent-fail', reason: RecordedCell, by: 'client' | 'gateway']
  /** `rows`: messages that begin behind what is kept; bytes and SHA-256 are of the data alone. */
  | readonly [at: number, code: 'copy-sent-capped', left: Capped]
  | readonly [at: number, code: 'parameters', types: readonly number[]]
  | readonly [at: number, code: 'setting', name: RecordedCell, value: RecordedCell]
  /** Its process id at the target; the key that cancels is not recorded. */
  | readonly [at: number, code: 'process', id: number]
  | readonly [at: number, code: 'notification', process: number, channel: RecordedCell, content: RecordedCell]
  | readonly [at: number, code: 'ready', transaction: 'idle' | 'open' | 'failed']
  /** Rows of one result that are counted only: bytes as on the wire, and SHA-256 over them, hexadecimal. */
  | readonly [at: number, code: 'capped', left: Capped]
  /** Any other message, or one that is too long to be kept: its type's letter, its length, its content where it is kept. */
  | readonly [at: number, code: 'message', type: string, bytes: number, content?: RecordedCell]
  /** Something is not recorded here, and why; the next event begins with a whole message. */
  | readonly [at: number, code: 'gap', reason: string]

export interface Capped {
  /** Whole rows, or pieces of a COPY. */
  readonly rows: number
  readonly bytes: number
  readonly sha256: string
}

/** What the built-in detectors are called in masks, in entries and in the documentation. */
export const DETECTORS = [
  'email',
  'card',
  'iban',
  'us-ssn',
  'phone',
  'ip',
  'jwt',
  'aws-key',
  'gcp-key',
  'azure-key',
  'github-token',
  'private-key',
  'access-token',
  'secret',
] as const

export type Detector = (typeof DETECTORS)[number]

/** A place in a text, and who found it. */
export interface Detection {
  /** Bytes from the beginning of the text. */
  readonly start: number
  /** One past the last byte. */
  readonly end: number
  /** A built-in detector, or the name of a pattern of the user's. */
  readonly detector: string
}

/** A pattern of the user's: RE2 syntax, matched within one line, over UTF-8. */
export interface OwnPattern {
  /** Not the name of a built-in detector. */
  readonly name: string
  readonly pattern: string
}

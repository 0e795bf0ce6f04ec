/** What a tape is told of exchanges, as numbers. */
export const told = {
  request: 1,
  answer: 2,
  body: 3,
  bodyEnd: 4,
  stream: 5,
  stdin: 6,
  stdout: 7,
  stderr: 8,
  resize: 9,
  exit: 10,
  forward: 11,
  sent: 12,
  received: 13,
  forwardError: 14,
  forwardEnd: 15,
  capped: 16,
  streamEnd: 17,
  toolCalls: 18,
} as const

/** What comes in pieces, cut anywhere: bytes of a peer, as they are. Everything else is JSON that this room made. */
export const CONTENT = {
  body: told.body,
  stdin: told.stdin,
  stdout: told.stdout,
  stderr: told.stderr,
  sent: told.sent,
  received: told.received,
  'forward-error': told.forwardError,
} as const

export type ContentName = keyof typeof CONTENT

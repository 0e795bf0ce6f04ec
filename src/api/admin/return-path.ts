/** Pages of ours that a sign-in may lead back to. Not a URL: where `//host` or a backslash led somewhere else, so would a sign-in. */
const OURS = /^\/(?:[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*)?$/

/** @returns where to go behind a sign-in: the path that was asked for if it is one of ours, or else the front page */
export function returnPath(asked: unknown): string {
  return typeof asked === 'string' && asked.length <= 200 && OURS.test(asked) ? asked : '/'
}

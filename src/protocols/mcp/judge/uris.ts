import { isObject, type JsonObject } from '../message/index.ts'

/** RFC 3986 §2.3, as they would be percent-encoded: nobody has to. */
const UNRESERVED = /%(2d|2e|3[0-9]|4[1-9a-f]|5[0-9a]|5f|6[1-9a-f]|7[0-9a]|7e)/i

/**
 * Whether a URI can mean another one to a server than to a rule that compares it (RFC 3986 §6.2.2): a scheme in upper case, segments that lead up,
 * letters that are percent-encoded, what is no character of a URI and not seen.
 */
export function isAmbiguous(uri: string): boolean {
  if (/[\p{Control}\\]|^\s|\s$/u.test(uri) || UNRESERVED.test(uri) || /^[^:/?#]*[A-Z][^:/?#]*:/.test(uri)) return true
  const [path = ''] = uri.split(/[?#]/, 1)
  return path.split(/\/|%2f|%5c/i).some((segment) => segment === '.' || segment === '..')
}

/** URIs of resources that a message is about. */
export function urisIn(method: string, { uri, notifications }: JsonObject): readonly string[] {
  const uris = /^resources\/(read|subscribe|unsubscribe)$/.test(method)
    ? [uri]
    : method === 'subscriptions/listen' && isObject(notifications) && Array.isArray(notifications.resourceSubscriptions)
      ? notifications.resourceSubscriptions
      : []
  return uris.filter((each): each is string => typeof each === 'string')
}

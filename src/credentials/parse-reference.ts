import { resolve } from 'node:path'
import type { Reference } from './reference.ts'

/**
 * @param text one of the four forms, already matched by the configuration's schema
 * @param folder what relative paths start from
 * @returns undefined where the text has none of the four forms
 */
export function parseReference(text: string, folder: string): Reference | undefined {
  const colon = text.indexOf(':')
  const rest = text.slice(colon + 1)
  if (rest === '') return undefined
  switch (text.slice(0, colon)) {
    case 'env':
      return { from: 'env', name: rest }
    case 'file':
      return { from: 'file', path: resolve(folder, rest) }
    case 'command': {
      const [path = '', ...words] = rest.split(' ').filter((word) => word !== '')
      return path.startsWith('/') ? { from: 'command', path, arguments: words } : undefined
    }
    case 'secret':
      return { from: 'secret', name: rest }
    default:
      return undefined
  }
}

/** The reference as the configuration would write it: safe to show, it holds no secret. */
export function describeReference(reference: Reference): string {
  switch (reference.from) {
    case 'env':
      return `env:${reference.name}`
    case 'file':
      return `file:${reference.path}`
    case 'command':
      // Arguments may be more than the operator wants to see in a log.
      return `command:${reference.path}`
    case 'secret':
      return `secret:${reference.name}`
  }
}

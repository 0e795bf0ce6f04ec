import { isSafeUrl } from '../../channels/settings.ts'
import { writtenKinds } from '../../exports/settings.ts'
import { nearest } from '../nearest.ts'
import { type Check, inconsistent, repeated } from './check.ts'

/** Who gets what of the trail: each under a name of its own, on a way that nobody reads along. */
export const checkExports: Check = function* ({ exports = [], resources }) {
  yield* repeated(
    exports.map(({ name }, index) => [['exports', index, 'name'], name]),
    'export',
  )
  const names = new Set(resources.map(({ name }) => name))
  for (const [index, { kind, url, secret, filter, insecureLoopback = false }] of exports.entries()) {
    const path = ['exports', index]
    if (!isSafeUrl(url, insecureLoopback)) {
      const next = 'Write a URL with https; http is for this machine, with insecureLoopback: true.'
      yield inconsistent([...path, 'url'], 'What is sent there could be read or changed on the way.', next)
    }
    if (kind === 'webhook' && secret === undefined)
      yield inconsistent(path, 'Nobody could tell that its notifications are from here.', 'Write for example secret: "secret:siem".')
    if (kind !== 'webhook' && secret !== undefined)
      yield inconsistent(
        [...path, 'secret'],
        'Only notifications are signed.',
        'Use headers for what the receiver asks for, or write kind: webhook.',
      )
    for (const [at, kind] of (filter?.kinds ?? []).entries()) {
      if (matchesOne(kind)) continue
      const meant = nearest(kind, [...families, ...writtenKinds])
      const next = meant === undefined ? 'Write a kind that docs/trail.md has, or operation.* for a family.' : `Did you mean ${meant}?`
      yield inconsistent([...path, 'filter', 'kinds', at], 'No entry is of this kind, so nothing would be sent for it.', next)
    }
    for (const [at, name] of (filter?.resources ?? []).entries()) {
      if (names.has(name)) continue
      yield inconsistent([...path, 'filter', 'resources', at], 'No resource is called so.', 'Write the name of a resource.')
    }
  }
}

/** `operation.*` and the like. */
const families = [...new Set(writtenKinds.filter((kind) => kind.includes('.')).map((kind) => `${kind.slice(0, kind.indexOf('.'))}.*`))]

const matchesOne = (kind: string) =>
  kind.endsWith('.*') ? writtenKinds.some((written) => written.startsWith(kind.slice(0, -1))) : writtenKinds.includes(kind)

import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ErrorCatalogue } from '../src/operations/index.ts'

const root = join(import.meta.dirname, '..')

/** Where the page is kept, relative to the checkout. */
export const ERRORS_PAGE = 'docs/errors.md'

export interface RoomErrors {
  /** Folder below src, such as `protocols/postgres/login`. */
  readonly room: string
  readonly catalogue: ErrorCatalogue
}

/**
 * The catalogues of all rooms, by folder: every export named `…Errors` of an errors.ts, and the refusals that every protocol speaks.
 * @throws Error where a catalogue file exports none
 */
export async function errorCatalogues(): Promise<readonly RoomErrors[]> {
  const files = [...globSync('src/**/errors.ts', { cwd: root }), 'src/operations/refusal.ts'].sort()
  return Promise.all(
    files.map(async (file) => {
      const exported: Record<string, unknown> = await import(join(root, file))
      const catalogues = Object.entries(exported).flatMap(([name, value]) => (name.endsWith('Errors') ? [value as ErrorCatalogue] : []))
      if (catalogues.length === 0) throw new Error(`${file} exports no …Errors catalogue`)
      return { room: dirname(file).replace(/^src\//, ''), catalogue: Object.assign({}, ...catalogues) as ErrorCatalogue }
    }),
  )
}

/** The page, Markdown. */
export function errorsPage(rooms: readonly RoomErrors[]): string {
  const sections = rooms.map(({ room, catalogue }) => {
    const rows = Object.entries(catalogue).map(([code, { meaning, next }]) => `| \`${code}\` | ${cell(meaning)} | ${cell(next)} |`)
    return [`## ${room}`, '', '| code | what happened | what to do |', '|---|---|---|', ...rows, ''].join('\n')
  })
  return [
    '# Error codes',
    '',
    'Every error that leaves the gateway carries one of these codes, a sentence for people, and a next step that a language model can act on too.',
    'Codes are stable. A message may say more than the sentence here, and never quotes a secret.',
    '',
    'Generated from the code by `npm run docs`; a test fails where it is stale.',
    '',
    ...sections,
  ].join('\n')
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

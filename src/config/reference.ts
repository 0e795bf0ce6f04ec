import { parseReference, type Reference } from '../credentials/index.ts'

/** @param text already matched by the schema. @param folder what relative paths start from */
export function reference(text: string, folder: string): Reference {
  const parsed = parseReference(text, folder)
  if (parsed === undefined) throw new TypeError('a reference that the schema let through')
  return parsed
}

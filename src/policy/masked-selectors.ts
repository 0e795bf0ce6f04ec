import type { KubernetesFacts } from '../operations/index.ts'

/**
 * The paths in an object that field and label selectors choose by.
 * @returns undefined where it is not known whether there are any
 */
export function pathsOfSelectors({ fieldSelector, labelSelector }: KubernetesFacts): readonly (readonly string[])[] | undefined {
  if (fieldSelector === undefined || labelSelector === undefined) return undefined
  const fields = fieldSelector.split(/(?<!\\),/).flatMap((each) => {
    const field = each.split(/[=!]/, 1)[0]?.trim()
    return field ? [field.split('.')] : []
  })
  return [...fields, ...labelsOf(labelSelector).map((label) => ['metadata', 'labels', label])]
}

/** `a=b,c in (d,e),!f`: what stands before the operator. */
function labelsOf(selector: string): readonly string[] {
  const withoutSets = selector.replace(/\([^)]*\)/g, '')
  return withoutSets.split(',').flatMap((each) => /^\s*!?\s*([^\s=!<>]+)/.exec(each)?.[1] ?? [])
}

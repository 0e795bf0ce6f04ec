/** A text without ids, digests and pseudonyms: a short name that is searched for may stand in one by chance. */
export const withoutIds = (text: string): string => text.replace(/[\w+/=-]{16,}/g, '')

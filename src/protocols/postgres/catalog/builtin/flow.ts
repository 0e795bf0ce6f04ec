/**
 * Effects of built-in functions whose value is nothing but what they are given, or a number of their own: what they give back shows nothing
 * of any table. What they are given may be seen elsewhere later, so it counts as stored (`columns.sources`).
 */
export const SHOW_NOTHING: ReadonlySet<string> = new Set(['sequence', 'sequence value', 'set restricted', 'notify', 'lock', 'sleep'])

/** Whether a template can be filled to this group: in the place of a claim stands what identity/ leaves as it is, and percent-encoding. */
export function mayGive(template: string, group: string): boolean {
  const parts = template.split(/\{[^{}]+\}/).map((literal) => literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('(?:[A-Za-z0-9._/@+=~-]|%[0-9A-F]{2})+')}$`).test(group)
}

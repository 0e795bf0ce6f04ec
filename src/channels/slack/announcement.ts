import type { Announcement } from '../channel.ts'
import { type Block, escaped, HEADER, plain, section } from './blocks.ts'
import { factLines, type SlackMessage } from './message.ts'

/** Of something that cannot be answered in Slack. */
export function announcingMessage({ title, facts, next }: Announcement): SlackMessage {
  const lines = factLines(facts.map(({ name, values }) => ({ name, values: values.map((value) => [value]) })))
  const blocks: readonly Block[] = [
    { type: 'header', text: plain(title.slice(0, HEADER)) },
    { type: 'rich_text', elements: [lines] },
    { type: 'rich_text', elements: [section({ type: 'text', text: next })] },
  ]
  return { text: escaped(title), blocks, buttons: false }
}

/** Of Block Kit what messages here are made of. In rich text nothing is markup: a text is shown as it stands. */
export type Block =
  | { readonly type: 'header'; readonly text: PlainText }
  | { readonly type: 'rich_text'; readonly elements: readonly RichText[] }
  | { readonly type: 'actions'; readonly elements: readonly Button[] }

export interface PlainText {
  readonly type: 'plain_text'
  readonly text: string
  readonly emoji: false
}

export interface Button {
  readonly type: 'button'
  readonly action_id: 'approve' | 'deny'
  readonly text: PlainText
  readonly value: string
  /** Asked once more before it counts. */
  readonly confirm?: { readonly title: PlainText; readonly text: PlainText; readonly confirm: PlainText; readonly deny: PlainText }
}

export interface RichText {
  readonly type: 'rich_text_section' | 'rich_text_preformatted'
  readonly elements: readonly RichPiece[]
}

export type RichPiece =
  | {
      readonly type: 'text'
      readonly text: string
      readonly style?: { readonly bold?: true; readonly code?: true; readonly italic?: true }
    }
  | { readonly type: 'link'; readonly url: string; readonly text: string }

/** Limits of Block Kit: docs.slack.dev, "Blocks", "Section", "Header". */
export const BLOCKS = 50
export const TEXT = 3_000
export const HEADER = 150
/** Of all blocks as JSON. Slack documents none, and refuses somewhat above 13,000 with `msg_blocks_too_long`. */
export const WHOLE = 12_000

export const plain = (text: string): PlainText => ({ type: 'plain_text', text, emoji: false })

export const section = (...elements: readonly RichPiece[]): RichText => ({ type: 'rich_text_section', elements })

/** A text of any length as pieces that join without a seam. */
export function pieces(text: string): readonly RichPiece[] {
  const all: RichPiece[] = []
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + TEXT, text.length)
    // No pair is torn apart.
    if (end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))) end--
    all.push({ type: 'text', text: text.slice(at, end) })
    at = end
  }
  return all
}

/** For the one place where Slack reads markup: docs.slack.dev, "Formatting message text". */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

import { type CardFact, type CardPart, CLAIMED_LABEL, cardOf, type Shown } from '../../card/index.ts'
import type { ShownRequest } from '../local/approval-operator.ts'
import { html, type Markup } from './page.ts'

/** Bytes of what is asked for that a page shows, and pieces; nobody reads more on one. */
const LARGEST = 256 * 1024
const MOST_PARTS = 1_000
/** Characters of what the agent says that are shown. */
const LONGEST_CLAIM = 20_000

export interface CardPage {
  readonly markup: Markup
  /** Whether all of what is asked for is on it: where it is not, it carries no button. */
  readonly whole: boolean
}

/** The card as markup: what is known first, then what is asked for in full, then, folded, what the agent says. Everything in it is text. */
export function cardPage(shown: ShownRequest): CardPage {
  const { content, request, run } = shown
  const size = content?.effective.parts.reduce((sum, part) => sum + part.content.byteLength, 0) ?? 0
  const card = cardOf(
    { request, content: content && { ...content, effective: size > LARGEST ? { ...content.effective, parts: [] } : content.effective } },
    run,
  )
  const fits = size <= LARGEST && (card.parts?.length ?? 0) <= MOST_PARTS
  const whole = fits && card.parts !== undefined
  const asked = whole ? card.parts.map(partSection) : [html`<p class="warn">${missing(shown, size)}</p>`]
  const said = content?.claimed?.message?.length ?? 0
  const claim =
    card.claimed === undefined
      ? html``
      : html`<details><summary>${CLAIMED_LABEL}</summary>${exact(said > LONGEST_CLAIM ? cut(card.claimed) : card.claimed)}</details>`
  return {
    whole,
    markup: html`<h2>What the gateway knows</h2>${factList(card.facts)}
<h2>What is asked for</h2>${asked}
${card.session.length > 0 ? html`<h2>In which session</h2>${factList(card.session)}` : html``}
${claim}`,
  }
}

function missing({ content, request }: ShownRequest, size: number): string {
  if (content === undefined) return 'What was asked for is not kept any more.'
  return `This does not fit a page (${size} bytes). Read all of it, and answer, with: gatescribe approvals show ${request.id}`
}

function partSection({ label, about, form, bytes, shown }: CardPart): Markup {
  const of = form === 'hex' ? ', not text: shown as hexadecimal digits' : ''
  return html`<section><h3>${label} <small>${bytes} bytes${of}</small></h3>${factList(about)}${exact(shown)}</section>`
}

function factList(facts: readonly CardFact[]): Markup {
  if (facts.length === 0) return html``
  return html`<dl>${facts.map(({ name, values }) => html`<dt>${name}</dt>${values.map((value) => html`<dd class="exact">${pieces(value)}</dd>`)}`)}</dl>`
}

/** HTML standard, "in body": a line feed right behind the tag is dropped, so one stands there for that. */
const exact = (shown: readonly Shown[]) => html`<pre class="exact">
${pieces(shown)}</pre>`

function pieces(shown: readonly Shown[]): readonly Markup[] {
  return shown.map((piece) => (typeof piece === 'string' ? html`${piece}` : html`<span class="mark">${piece.mark}</span>`))
}

function cut(shown: readonly Shown[]): readonly Shown[] {
  const kept: Shown[] = []
  let left = LONGEST_CLAIM
  for (const piece of shown) {
    if (left <= 0) break
    const next = typeof piece === 'string' ? piece.slice(0, left) : piece
    left -= typeof next === 'string' ? next.length : next.mark.length
    kept.push(next)
  }
  return [...kept, { mark: ' … and more' }]
}

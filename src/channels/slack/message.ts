import type { RequestCard, RequestView } from '../../approvals/index.ts'
import { type Card, type CardFact, type CardPart, cardOf, plainly } from '../../card/index.ts'
import type { Run } from '../../operations/index.ts'
import { BLOCKS, type Block, escaped, HEADER, pieces, plain, type RichPiece, type RichText, section, WHOLE } from './blocks.ts'

export interface SlackMessage {
  /** For notifications; the one text that Slack reads as markup. */
  readonly text: string
  readonly blocks: readonly Block[]
  /** Whether it can be answered: all of what is asked for stands in it. */
  readonly buttons: boolean
}

/** Facts and values of each in a message that does not hold all of it: the first of these with which it fits. And characters of a value. */
const FEW = [20, 8, 3]
const SHORT = 200
/** Where characters of another direction stand, a line may be read in another order than it is run: Unicode's blocks of right-to-left scripts (UAX #9). */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u

/** The card as a message, with buttons where it fits whole; otherwise it says where to read it. */
export function askingMessage(shown: RequestCard, run: Run | undefined): SlackMessage {
  const { request, content } = shown
  if (content === undefined) return shortMessage(request, run, 'What was asked for is not kept any more.')
  const bytes = content.effective.parts.reduce((sum, part) => sum + part.content.byteLength, 0)
  const tooLong = `This does not fit here (${bytes} bytes): read all of it, and answer, at the link.`
  // Nothing is made of what cannot fit.
  if (bytes > WHOLE) return shortMessage(request, run, tooLong)
  const card = cardOf(shown, run)
  const blocks: Block[] = [
    heading(request),
    { type: 'rich_text', elements: [factLines(card.facts)] },
    ...(card.parts ?? []).map(partBlock),
    ...(card.session.length > 0 ? [{ type: 'rich_text', elements: [title('In which session'), factLines(card.session)] } as const] : []),
    { type: 'rich_text', elements: [section(...claimNote(card), linkTo(request))] },
    buttonsOf(request),
  ]
  if (blocks.length > BLOCKS || JSON.stringify(blocks).length > WHOLE) return shortMessage(request, run, tooLong)
  if (RIGHT_TO_LEFT.test(JSON.stringify(blocks)))
    return shortMessage(
      request,
      run,
      'This holds right-to-left characters, which Slack may show in another order: read and answer it at the link.',
    )
  return { text: summary(request), blocks, buttons: true }
}

/** What is known of a request without what is asked for: of one that does not fit, and of one that nobody answers any more. */
export function shortMessage(request: RequestView, run: Run | undefined, note?: string): SlackMessage {
  const { facts } = cardOf({ request, content: undefined }, run)
  const last = section(...(note === undefined ? [] : [{ type: 'text', text: `${note} ` } as const]), linkTo(request))
  const withFacts = (few: number): readonly Block[] => [
    heading(request),
    { type: 'rich_text', elements: [factLines(facts.slice(0, few).map((fact) => shortened(fact, few)))] },
    { type: 'rich_text', elements: [last] },
  ]
  const all = FEW.map(withFacts)
  return { text: summary(request), buttons: false, blocks: all.find((blocks) => JSON.stringify(blocks).length <= WHOLE) ?? all.at(-1)! }
}

const WORDS: Readonly<Record<RequestView['state'], string>> = {
  pending: 'Approval wanted',
  approved: 'Approved',
  used: 'Approved, and done',
  denied: 'Denied',
  withdrawn: 'Withdrawn',
  expired: 'Expired',
  revoked: 'Approval taken back',
  void: 'Approval void',
}

const heading = ({ state, resource }: RequestView): Block => ({
  type: 'header',
  text: plain(`${WORDS[state]}: ${resource}`.slice(0, HEADER)),
})

const summary = ({ state, resource, link }: RequestView): string => `${WORDS[state]}: ${escaped(resource)} ${escaped(link)}`

const title = (text: string): RichText => section({ type: 'text', text, style: { bold: true } })

const linkTo = ({ link }: RequestView): RichPiece => ({ type: 'link', url: link, text: 'Open the request' })

function claimNote({ claimed }: Card): readonly RichPiece[] {
  if (claimed === undefined) return []
  return [
    { type: 'text', text: 'The agent says something of it, which may be false; it stands at the link only. ', style: { italic: true } },
  ]
}

/** Names are ours. Values may be anybody's: each stands in a box of its own, on one line, so that none can pass for a fact. */
export function factLines(facts: readonly CardFact[]): RichText {
  return section(
    ...facts.flatMap(({ name, values }): readonly RichPiece[] => [
      { type: 'text', text: `${name}: `, style: { bold: true } },
      ...values.flatMap((value, at): readonly RichPiece[] => [
        ...(at > 0 ? [{ type: 'text', text: ', ' } as const] : []),
        ...boxed(plainly(value)),
      ]),
      { type: 'text', text: '\n' },
    ]),
  )
}

function boxed(value: string): readonly RichPiece[] {
  if (value === '') return [{ type: 'text', text: '(empty)', style: { italic: true } }]
  const line = value.replaceAll('\n', '⟨U+000A⟩').replaceAll('\t', '⟨U+0009⟩')
  return pieces(line).map((piece) => ({ ...piece, style: { code: true } }) as RichPiece)
}

function partBlock({ label, about, form, bytes, shown }: CardPart): Block {
  const text = plainly(shown)
  return {
    type: 'rich_text',
    elements: [
      title(`${label} (${bytes} bytes, ${form === 'hex' ? 'not text, as hexadecimal digits' : 'exactly'})`),
      ...(about.length > 0 ? [factLines(about)] : []),
      text === ''
        ? section({ type: 'text', text: '(empty)', style: { italic: true } })
        : { type: 'rich_text_preformatted', elements: pieces(text) },
    ],
  }
}

/** The no comes first, and neither is coloured as the one to press. */
function buttonsOf({ id }: RequestView): Block {
  return {
    type: 'actions',
    elements: [
      { type: 'button', action_id: 'deny', text: plain('Deny'), value: id },
      {
        type: 'button',
        action_id: 'approve',
        text: plain('Approve'),
        value: id,
        confirm: {
          title: plain('Approve this?'),
          text: plain('Your yes counts for exactly what is shown here, once, and is recorded under your name.'),
          confirm: plain('Approve'),
          deny: plain('Go back'),
        },
      },
    ],
  }
}

function shortened({ name, values }: CardFact, few: number): CardFact {
  const kept = values.slice(0, few).map((value) => {
    const text = plainly(value)
    return [text.length > SHORT ? `${text.slice(0, SHORT).toWellFormed()} …` : text]
  })
  return { name, values: values.length > few ? [...kept, ['and more']] : kept }
}

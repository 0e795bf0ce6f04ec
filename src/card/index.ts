export { type Card, type CardFact, type CardPart, CLAIMED_LABEL, cardOf } from './card.ts'
export { plainly, type Shown, visible, visibleBytes } from './visible.ts'

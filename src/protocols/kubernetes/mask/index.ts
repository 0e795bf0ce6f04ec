export { type AnswerMasks, answerMasks, type MaskedAnswer, type MaskedRequest } from './answer-masks.ts'

export { answerMasking, type ModelAnswerMasking } from './answer.ts'
export { AnalyzerMemory } from './asked-analyses.ts'
export { type MaskedPrompt, type PromptAnalyzer, type PromptMasking, promptMasking } from './prompt.ts'

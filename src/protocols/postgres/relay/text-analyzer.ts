export type { TextAnalyzer } from '../../../masking/index.ts'

import { planted } from './no-cycles.ts'

export const other = () => planted

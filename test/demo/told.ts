import { voice } from './voice.ts'

/** How everything in the demo is told. */
export const { step, seen, check, say } = voice(process.stdout)

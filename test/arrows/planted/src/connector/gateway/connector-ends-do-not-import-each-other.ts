import { planted as other } from '../target/other.ts'

export const planted = other

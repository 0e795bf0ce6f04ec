import { other } from './other-end.ts'

export const planted = () => other

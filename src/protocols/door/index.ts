export { type Door, type ListenAddress, Listening } from './listening.ts'
export { Seats } from './seats.ts'
export { STRANGER_LIMITS, type StrangerLimits, Strangers } from './strangers.ts'

export const door = 'cli'
export type Door = typeof door

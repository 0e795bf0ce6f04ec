export const door = 'runs'
export type Door = typeof door

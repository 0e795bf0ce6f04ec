/** How much an entry deserves to be looked at. */
export type Severity = 'information' | 'low' | 'medium' | 'high' | 'critical'

/** What of ours stands in `otherData` of a file: where its times begin. Chrome's own count from the start of the machine. */
export const ownData = 'spanlight'

/** Categories of events that are not spans. */
export const flowCategory = 'flow'
export const logCategory = 'log'
export const eventCategory = 'event'

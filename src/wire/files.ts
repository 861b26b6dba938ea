/** Header of an export that had no room for all that matched: how many traces are not in the file. */
export const leftHeader = 'x-spanlight-left-out'

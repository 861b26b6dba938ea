/** `partialSuccess.rejectedSpans` of a JSON answer, which may hold anything. */
export function rejectedInJson(answer: Buffer): number {
  const text = answer.toString('utf8')
  return Number(/"rejectedSpans"\s*:\s*"?(\d{1,9})/.exec(text)?.[1] ?? 0)
}

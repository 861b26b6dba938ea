/** Something that the person at the terminal can do something about: said without a stack. */
export class Failure extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** A command line that means nothing; 2 is what shells and their tools give for it. */
export function misuse(message: string): Failure {
  return new Failure(message, 2)
}

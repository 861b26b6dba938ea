/** On servers whose requests are recorded, by whichever copy of the package, and on one of our own, whose must not be. */
export const tracedServer: unique symbol = Symbol.for('spanlight.traced') as never

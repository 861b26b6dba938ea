// What every part of the demo shares: listening, telling its address to the parent, and closing when told to.

/** Listens on PORT and tells the parent where; closes on SIGTERM. */
export function serve(app) {
  const server = app.listen(Number(process.env.PORT ?? 0), () =>
    ready(`http://localhost:${server.address().port}`)
  )
  server.on('error', (error) => {
    console.error(
      error.code === 'EADDRINUSE'
        ? `Port ${process.env.PORT} is taken by another program.`
        : error.message
    )
    process.exit(1)
  })
  onStop(() => server.close(() => process.exit(0)))
  return server
}

/** Tells the parent that this part is ready, and where; `note` is what is printed in place of the address. */
export function ready(url, note) {
  process.send?.({ url, note })
}

/** Runs once, when the demo ends, whichever way it does. */
export function onStop(close) {
  let closing = false
  const once = () => {
    if (closing) return
    closing = true
    setTimeout(() => process.exit(0), 1000).unref()
    close()
  }
  process.on('SIGTERM', once)
  process.on('SIGINT', once)
  process.on('disconnect', once)
}

export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

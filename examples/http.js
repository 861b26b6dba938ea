// A bare server of node:http; https and http2 servers likewise.
//
//   node examples/http.js        then  curl http://localhost:3000/hello
import { createServer } from 'node:http'
import { traced } from 'spanlight/http'

export const server = createServer(
  traced((req, res) => {
    res.setHeader('content-type', 'application/json')
    res.end(JSON.stringify({ path: req.url }))
  })
)

if (process.argv[1] === import.meta.filename) server.listen(3000)

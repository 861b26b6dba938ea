import fc from 'fast-check'

// In CI the same cases every time, so that a change is judged by itself; everywhere else new ones on every run, which is how they find anything.
if (process.env['CI']) fc.configureGlobal({ seed: 20_261_122 })

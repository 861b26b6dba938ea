#!/usr/bin/env node
// Its code is one folder below, from where the page's files are found.
void import('./cli/main.ts').then(({ main }) => main(process.argv.slice(2)))

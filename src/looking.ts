// What is needed when somebody looks at the page or asks its API.
export { createReader } from './query/reader.ts'
export { createPage } from './serve/page.ts'

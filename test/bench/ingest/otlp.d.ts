import type { Type } from 'protobufjs'

export const Request: Type
export const Response: Type
export const Status: Type

import htm from 'htm'
import { h, type Attributes, type ComponentType, type VNode } from 'preact'

/**
 * Templates of the page, checked by `lint-html.mjs`. One with two roots is an array, which preact takes wherever it takes
 * a child; a property that must be one node gets one root.
 */
export const html = htm.bind(h) as (strings: TemplateStringsArray, ...values: unknown[]) => VNode

/** A component as the root of what is returned, its properties checked; what `h` returns is bound to them and fits no `VNode`. */
export const part = h as <P>(type: ComponentType<P>, props: P & Attributes) => VNode

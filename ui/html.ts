import htm from 'htm'
import { h, type VNode } from 'preact'

/**
 * Templates of the page. htm's own type says `VNode | VNode[]` because a template may have two roots;
 * `lint-html.mjs` refuses those in the build, so the one cast stands here and nowhere else.
 */
export const html = htm.bind(h) as (strings: TemplateStringsArray, ...values: unknown[]) => VNode

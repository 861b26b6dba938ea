// Checks the html`...` templates of the page. htm reports nothing: an element that is not closed swallows what follows,
// a misspelt attribute does nothing, an entity is shown as it is typed. And it would let foreign data make elements
// (computed tag names), attributes (spreads on elements) or scripts (`javascript:` addresses), so those are refused too.
import { readFile, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'

const voids = new Set(['br', 'hr', 'img', 'input', 'link', 'meta', 'wbr', 'col', 'source'])
const elements = new Set(
  (
    'a abbr article aside b br button canvas caption code col colgroup dd details dialog div dl dt em fieldset figcaption ' +
    'figure footer form g h1 h2 h3 h4 header hr i img input kbd label legend li line main mark nav noscript ol optgroup ' +
    'option output p path polygon polyline pre progress q rect s samp search section select slot small span strong sub ' +
    'summary sup svg circle table tbody td text textarea tfoot th thead time title tr u ul wbr defs clipPath marker use tspan'
  ).split(' ')
)
const attributes = new Set(
  (
    'action alt autocapitalize autocomplete autofocus checked class cols colspan contenteditable datetime dir disabled ' +
    'download draggable enterkeyhint for form headers height hidden href id inert inputmode key kind label lang list max ' +
    'maxlength min minlength multiple name open pattern placeholder popover readonly ref rel required role rows rowspan ' +
    'scope selected size span spellcheck src start step style tabindex target title translate type value width wrap ' +
    'viewBox d x y x1 x2 y1 y2 cx cy r rx ry dx dy fill stroke stroke-width stroke-linecap stroke-linejoin points ' +
    'transform opacity preserveAspectRatio text-anchor vector-effect stroke-dasharray clip-path marker-end refX refY markerWidth markerHeight markerUnits orient defaultValue defaultChecked'
  ).split(' ')
)
const events = new Set(
  (
    'Click DblClick AuxClick ContextMenu MouseDown MouseUp MouseMove MouseEnter MouseLeave MouseOver MouseOut PointerDown ' +
    'PointerUp PointerMove PointerEnter PointerLeave PointerCancel KeyDown KeyUp Focus Blur FocusIn FocusOut Input Change ' +
    'Submit Reset Scroll Wheel Close Cancel Toggle TouchStart TouchEnd TouchMove DragStart DragEnd DragOver Drop Copy ' +
    'GotPointerCapture LostPointerCapture TransitionEnd'
  ).split(' ')
)
const aria = new Set(
  (
    'activedescendant atomic autocomplete busy checked colcount colindex controls current describedby description details ' +
    'disabled errormessage expanded haspopup hidden invalid keyshortcuts label labelledby level live modal ' +
    'multiselectable orientation owns placeholder posinset pressed readonly relevant required roledescription rowcount ' +
    'rowindex rowspan colspan selected setsize sort valuemax valuemin valuenow valuetext'
  ).split(' ')
)
const addresses = new Set(['href', 'src', 'action'])

/** Problems of all modules below `folder`, as `file:line: text`. */
export async function lint(folder) {
  const problems = []
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith('.ts') || file.endsWith('.d.ts')) continue
    const source = await readFile(join(folder, file), 'utf8')
    for (const { line, text } of lintSource(source)) {
      problems.push(`${relative(folder, join(folder, file))}:${line}: ${text}`)
    }
  }
  return problems
}

/** Problems of one module. */
export function lintSource(source) {
  const problems = []
  for (const template of templatesOf(source)) {
    for (const { at, text } of lintTemplate(template)) {
      const line = source.slice(0, at).split('\n').length
      problems.push({ line, text })
    }
  }
  const raw =
    /\b(?:innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|srcdoc|document\.write)\b/g
  for (const found of code(source).matchAll(raw)) {
    problems.push({
      line: source.slice(0, found.index).split('\n').length,
      text: `${found[0]} makes HTML of text`
    })
  }
  return problems
}

/**
 * The html`...` templates of a module, nested ones too. A template is its static parts and, between them, the source of
 * its expressions. Scanning by hand needs no parser of TypeScript: strings, comments, templates and braces are enough.
 */
export function templatesOf(source) {
  const found = []
  scan(source, 0, undefined, found)
  return found
}

// Reads code until an unmatched `}` or the end; gives where it stopped.
function scan(source, from, closing, found) {
  let depth = 0
  let at = from
  let before = ''
  while (at < source.length) {
    const char = source[at]
    const two = source.slice(at, at + 2)
    if (two === '//') at = end(source, '\n', at)
    else if (two === '/*') at = end(source, '*/', at + 2)
    else if (char === '"' || char === "'") at = quoted(source, at)
    else if (char === '/' && /[=(,:;!&|?{}[\n]$|^$|return$/.test(before)) at = regular(source, at)
    else if (char === '`') {
      const tagged = /\bhtml$/.test(source.slice(Math.max(0, at - 8), at))
      at = template(source, at, tagged, found)
      before = '`'
      continue
    } else if (char === '{') {
      depth++
      at++
    } else if (char === '}') {
      if (depth === 0 && closing) return at
      depth--
      at++
    } else {
      if (!/\s/.test(char)) before = (before + char).slice(-6)
      at++
      continue
    }
    before = char
  }
  return at
}

function template(source, start, tagged, found) {
  const parts = [{ text: '', at: start + 1 }]
  const expressions = []
  let at = start + 1
  while (at < source.length && source[at] !== '`') {
    if (source[at] === '\\') {
      parts.at(-1).text += source.slice(at, at + 2)
      at += 2
    } else if (source.startsWith('${', at)) {
      const stop = scan(source, at + 2, '}', found)
      expressions.push(source.slice(at + 2, stop).trim())
      at = stop + 1
      parts.push({ text: '', at })
    } else parts.at(-1).text += source[at++]
  }
  if (tagged) found.push({ parts, expressions })
  return at + 1
}

function quoted(source, start) {
  let at = start + 1
  while (at < source.length && source[at] !== source[start]) at += source[at] === '\\' ? 2 : 1
  return at + 1
}

function regular(source, start) {
  let at = start + 1
  let set = false
  while (at < source.length && (set || source[at] !== '/') && source[at] !== '\n') {
    if (source[at] === '\\') at++
    else if (source[at] === '[') set = true
    else if (source[at] === ']') set = false
    at++
  }
  return at + 1
}

function end(source, mark, from) {
  const at = source.indexOf(mark, from)
  return at < 0 ? source.length : at + mark.length
}

// Expressions stand in the joined text as one character, so that a single pass sees the whole template.
const hole = '\uE000'

function lintTemplate({ parts, expressions }) {
  const problems = []
  const text = parts.map((part) => part.text).join(hole)
  const place = placeOf(parts)
  const say = (at, message) => problems.push({ at: place(at), text: message })
  const open = []
  let used = 0
  let at = 0
  const next = (upTo) => {
    for (; at < upTo; at++) if (text[at] === hole) used++
  }
  const tags = /<(\/?)([^\s>/]*)((?:[^>"']|"[^"]*"|'[^']*')*?)(\/?)>/g
  for (const tag of text.matchAll(tags)) {
    const between = text.slice(at, tag.index)
    checkText(between, at, say)
    next(tag.index)
    const [, closes, name, rest, selfCloses] = tag
    const isComponent = name === hole
    if (closes) {
      const last = open.pop()
      if (name === '/' || (name === '' && last)) say(tag.index, 'close tags by their name')
      else if (!last) say(tag.index, `</${name}> closes nothing`)
      else if (last.name !== name) say(tag.index, `</${name}> closes <${last.name}>`)
    } else {
      const expression = isComponent ? expressions[used] : ''
      if (isComponent && !/^[A-Z]\w*$/.test(expression)) {
        say(tag.index, `a tag's name is computed: ${expression}`)
      }
      if (!isComponent && name.includes(hole)) say(tag.index, 'a part of a tag name is computed')
      else if (!isComponent && !elements.has(name)) say(tag.index, `there is no element <${name}>`)
      const start = tag.index + 1 + name.length
      let index = used + (isComponent ? 1 : 0)
      index = checkAttributes(rest, start, name, isComponent, expressions, index, say)
      if (!selfCloses) {
        if (voids.has(name)) say(tag.index, `<${name}> must close itself: <${name} />`)
        else open.push({ name, at: tag.index })
      }
    }
    next(tag.index + tag[0].length)
  }
  checkText(text.slice(at), at, say)
  for (const { name, at: where } of open)
    say(where, `<${name === hole ? 'component' : name}> is not closed`)
  if (text.trim() === '') say(0, 'the template is empty')
  return problems
}

function checkText(text, at, say) {
  const entity = /&(?:#\w+|[a-z]+);/i.exec(text)
  if (entity) say(at + entity.index, `${entity[0]} would be shown as it is typed`)
  const bracket = /<(?=[a-z/!])/i.exec(text)
  if (bracket) say(at + bracket.index, 'a tag is not finished')
}

function checkAttributes(text, at, element, isComponent, expressions, firstHole, say) {
  let holes = firstHole
  const seen = new Set()
  const pattern = /(\.\.\.)?([^\s=/]+)(?:=("[^"]*"|'[^']*'|[^\s]+))?/g
  for (const [whole, spread, name, value = ''] of text.matchAll(pattern)) {
    const count = whole.split(hole).length - 1
    const expression = expressions[holes] ?? ''
    holes += count
    const where = at + text.indexOf(whole)
    if (spread) {
      if (!isComponent) say(where, `a spread on <${element}> lets data become attributes`)
      continue
    }
    if (isComponent) {
      // htm checks no properties; in a spread or in h() the compiler does.
      if (name !== 'key' && name !== 'ref')
        say(where, `give components their properties typed: ...\${{ ${name} }}`)
      continue
    }
    if (seen.has(name)) say(where, `${name} stands twice`)
    seen.add(name)
    if (!known(name)) say(where, `there is no attribute ${name}`)
    const dynamic = value === hole ? expression : ''
    if (dynamic.startsWith('{') && (name === 'style' || name === 'class')) {
      say(where, `${name} takes a string: preact drops numbers in objects`)
    }
    if (/^on[a-z]/i.test(name) && value !== hole) say(where, `${name} must be a function`)
    if (addresses.has(name) && value.includes(hole) && !isSafeAddress(value, dynamic)) {
      say(
        where,
        `${name} must come from a function that ends in Href or Url, not from ${dynamic || 'data'}`
      )
    }
  }
  return holes
}

function known(name) {
  if (name.startsWith('data-')) return true
  if (name.startsWith('aria-')) return aria.has(name.slice(5))
  if (/^on[A-Z]/.test(name)) return events.has(name.slice(2).replace(/Capture$/, ''))
  return attributes.has(name)
}

// A path of ours begins with the mount path, written by route.ts; foreign addresses go through safeUrl().
function isSafeAddress(value, dynamic) {
  if (/^\w*(?:Href|Url)\(/i.test(dynamic)) return true
  if (/^(?:href|url|\w+(?:Href|Url))$/.test(dynamic)) return true
  if (dynamic.startsWith('`${place.value}#')) return true
  return value !== hole && /^["']?[\w./#-]/.test(value) && !value.startsWith(`"${hole}`)
}

function placeOf(parts) {
  return (at) => {
    let rest = at
    for (const part of parts) {
      if (rest <= part.text.length) return part.at + rest
      rest -= part.text.length + 1
    }
    return parts.at(-1).at
  }
}

// Comments may name what code must not use.
function code(source) {
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, ' '))
}

import { options } from 'preact'
import { useEffect, useState } from 'preact/hooks'

/** Whether the browser is about to print: what scrolls on the screen must then be in the document. */
export function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false)
  useEffect(() => {
    const set = (on: boolean) => () => {
      // The browser takes the page as it is when this returns: what is drawn later is not on paper.
      options.debounceRendering = (render) => render()
      setPrinting(on)
      delete options.debounceRendering
    }
    const [before, after] = [set(true), set(false)]
    addEventListener('beforeprint', before)
    addEventListener('afterprint', after)
    return () => {
      removeEventListener('beforeprint', before)
      removeEventListener('afterprint', after)
    }
  }, [])
  return printing
}

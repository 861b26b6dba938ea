// Runs in the head, before the first paint, so that a dark page does not flash white. It must stay free of imports.
try {
  const kept = localStorage.getItem('spanlight.theme')
  if (kept === 'light' || kept === 'dark') document.documentElement.dataset['theme'] = kept
  const density = localStorage.getItem('spanlight.density')
  if (density === 'compact' || density === 'roomy') {
    document.documentElement.dataset['density'] = density
  }
} catch {
  // Storage may be forbidden; the system's theme is right then.
}

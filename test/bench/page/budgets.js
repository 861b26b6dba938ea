/** What the page must reach, at full speed and with the processor throttled to a quarter. */
export const budgets = {
  1: {
    paint: 150,
    interactive: 250,
    open: { 10_000: 300, 80_000: 800 },
    scroll: { fps: 55, frame: 34 },
    live: {
      '200/s at the top': { fps: 55, p99: 34, mainThread: 15 },
      '200/s, scrolled away': { fps: 58, p99: 20, mainThread: 10 },
      '200/s, filtered': { fps: 55, p99: 34, mainThread: 15 },
      '1,000/s at the top': { fps: 50, p99: 50, mainThread: 20 }
    }
  },
  4: {
    paint: 400,
    interactive: 900,
    open: { 10_000: 700, 80_000: 1800 },
    scroll: { fps: 30, frame: 120 },
    live: {
      '200/s at the top': { fps: 45, p99: 100, mainThread: 50 },
      '200/s, scrolled away': { fps: 55, p99: 34, mainThread: 25 },
      '200/s, filtered': { fps: 45, p99: 100, mainThread: 50 },
      '1,000/s at the top': { fps: 40, p99: 150, mainThread: 60 }
    }
  }
}
export const loadBudget = 60
export const elementBudgets = { list: 1000, trace: 1200 }
export const soakBudget = 1

/** How a figure at that speed is called. */
export function atSpeed(name, speed) {
  return speed === 1 ? name : `${name}, cpu/${speed}`
}

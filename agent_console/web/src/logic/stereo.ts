/** Hearing one side of a recording that carries the citizen left and everybody else right. */

export interface Sides {
  hear(citizen: boolean, others: boolean): void
}

/**
 * Takes the element's sound through two regulators. Only done when a side is switched off for the
 * first time: until then the browser plays the element by itself.
 */
export function sidesOf(element: HTMLMediaElement): Sides {
  const context = new AudioContext()
  const source = context.createMediaElementSource(element)
  const splitter = context.createChannelSplitter(2)
  const gains = [context.createGain(), context.createGain()] as const
  source.connect(splitter)
  gains.forEach((gain, side) => {
    splitter.connect(gain, side)
    gain.connect(context.destination)
  })
  return {
    hear(citizen, others) {
      void context.resume()
      gains[0].gain.value = citizen ? 1 : 0
      gains[1].gain.value = others ? 1 : 0
    },
  }
}

/** Tones made by the browser itself: no sound file, nothing to download. */

type Kind = 'incoming' | 'ringback'

/** Seconds of sound and of silence, and the tones' frequencies in Hz. */
const PATTERNS: Record<Kind, { on: number; off: number; tones: number[]; level: number }> = {
  incoming: { on: 1.2, off: 1.8, tones: [523.25, 659.25], level: 0.12 },
  // China's ringing tone: 450 Hz, 1 s on, 4 s off.
  ringback: { on: 1, off: 4, tones: [450], level: 0.08 },
}

export class Ringer {
  private context: AudioContext | null = null
  private timer: ReturnType<typeof setInterval> | null = null

  start(kind: Kind): void {
    this.stop()
    this.context ??= new AudioContext()
    // Without a click on the page since its start the browser keeps this silent; the screen shows it.
    void this.context.resume()
    const pattern = PATTERNS[kind]
    const ring = () => this.once(pattern)
    ring()
    this.timer = setInterval(ring, (pattern.on + pattern.off) * 1000)
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer)
    this.timer = null
    void this.context?.close()
    this.context = null
  }

  private once({ on, tones, level }: (typeof PATTERNS)[Kind]): void {
    const context = this.context
    if (!context || context.state === 'closed') return
    const gain = context.createGain()
    const now = context.currentTime
    gain.gain.setValueAtTime(0, now)
    gain.gain.linearRampToValueAtTime(level, now + 0.03)
    gain.gain.setValueAtTime(level, now + on - 0.05)
    gain.gain.linearRampToValueAtTime(0, now + on)
    gain.connect(context.destination)
    for (const frequency of tones) {
      const tone = context.createOscillator()
      tone.frequency.value = frequency
      tone.connect(gain)
      tone.start(now)
      tone.stop(now + on)
    }
  }
}

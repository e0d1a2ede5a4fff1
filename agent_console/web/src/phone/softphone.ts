/**
 * A telephone in the browser: registers over our own server's SIP websocket, takes and makes one
 * call at a time. Knows nothing of agents or orders. JsSIP is loaded when the first phone starts.
 */

import type { IncomingRTCSessionEvent, RTCSessionEvent } from 'jssip/lib/UA'
import type { EndEvent, RTCSession } from 'jssip/lib/RTCSession'
import type * as JsSip from 'jssip'

import { isUsableHost, soundOf } from '@/logic/ice'

export interface PhoneAccount {
  extension: string
  password: string
  domain: string
}

export type LineState = 'off' | 'connecting' | 'registered' | 'lost' | 'refused'
export type CallPhase = 'idle' | 'ringing' | 'dialling' | 'talking'

export interface Ring {
  from: string
  /** Our own name of the call, where the exchange sent it along. */
  callId: string
}

export interface PhoneHooks {
  onLine(state: LineState, reason: string): void
  onPhase(phase: CallPhase, cause: string): void
  /** True: answer at once, without ringing. */
  onRing(ring: Ring): boolean
  /** The stream to speak into; asked for at every call. Rejecting ends the call. */
  microphone(): Promise<MediaStream>
  /** The browser refuses to play sound before the person has clicked somewhere. */
  onSoundBlocked(): void
  /** No sound comes through any more, in either direction; or it does again. */
  onSoundLost(lost: boolean): void
  onMicError(error: unknown): void
}

const OFFER = { offerToReceiveAudio: true, offerToReceiveVideo: false }

export class SoftPhone {
  phase: CallPhase = 'idle'
  private ua: JsSip.UA | null = null
  private session: RTCSession | null = null
  private readonly speaker: HTMLAudioElement = document.createElement('audio')
  private readonly leave = () => this.dropNow()
  private readonly networkGone = () => this.lineLost()
  private readonly networkBack = () => this.lineTried()
  private closed = false
  private answered: RTCSession | null = null
  /** Its line broke off since: what became of it at the other end is not known here. */
  private doubtful: RTCSession | null = null
  /** As the person wants it, also on the line that takes a lost one's place. */
  private muted = false

  constructor(
    private readonly account: PhoneAccount,
    private readonly sipPath: string,
    private readonly hooks: PhoneHooks,
    private readonly iceServers: RTCIceServer[] = [],
  ) {
    this.speaker.autoplay = true
  }

  async start(): Promise<void> {
    this.hooks.onLine('connecting', '')
    const library = await import('jssip')
    if (this.closed) return
    this.ua = this.makeAgent(library)
    this.ua.start()
    window.addEventListener('pagehide', this.leave)
    window.addEventListener('offline', this.networkGone)
    window.addEventListener('online', this.networkBack)
  }

  /** Hangs up and signs off. */
  stop(): void {
    this.closed = true
    window.removeEventListener('pagehide', this.leave)
    window.removeEventListener('offline', this.networkGone)
    window.removeEventListener('online', this.networkBack)
    this.hangUp()
    this.ua?.stop()
    this.ua = null
    this.hooks.onLine('off', '')
  }

  get registered(): boolean {
    return this.ua?.isRegistered() ?? false
  }

  async answer(): Promise<void> {
    const session = this.session
    // Several tellings of the same call (ring, event, click) may come here; one answer is enough.
    if (!session || this.phase !== 'ringing' || session === this.answered) return
    this.answered = session
    const microphone = await this.openMicrophone()
    if (!microphone) this.answered = null
    if (!microphone || session !== this.session || session.isEnded()) return
    session.answer({ mediaStream: microphone, pcConfig: { iceServers: this.iceServers } })
  }

  async call(user: string): Promise<void> {
    if (!this.ua || this.session) return
    const microphone = await this.openMicrophone()
    if (!microphone || !this.ua) return
    const session = this.ua.call(`sip:${user}@${this.account.domain}`, {
      mediaStream: microphone,
      pcConfig: { iceServers: this.iceServers },
      rtcOfferConstraints: OFFER,
    })
    this.setPhase('dialling')
    // newRTCSession was told before the peer connection existed or after it: look for both.
    if (session.connection) this.hear(session.connection)
  }

  hangUp(): void {
    const session = this.session
    if (!session || session.isEnded()) return
    // While our own ICE gathering is under way JsSIP throws instead of cancelling.
    try {
      session.terminate()
    } catch {
      this.gone(session, '')
    }
  }

  setMuted(muted: boolean): void {
    if (!this.session) return
    this.muted = muted
    if (muted) this.session.mute({ audio: true })
    else this.session.unmute({ audio: true })
  }

  press(tone: string): void {
    const transportType = 'RFC2833' as JsSip.C.DTMF_TRANSPORT
    this.session?.sendDTMF(tone, { transportType, duration: 160 })
  }

  /** Tries again to play what the browser had refused; to be called from a click. */
  async allowSound(): Promise<void> {
    await this.speaker.play()
  }

  private makeAgent(library: typeof JsSip): JsSip.UA {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    const ua = new library.UA({
      sockets: [new library.WebSocketInterface(`${scheme}://${location.host}${this.sipPath}`)],
      uri: `sip:${this.account.extension}@${this.account.domain}`,
      password: this.account.password,
      session_timers: false,
      register: true,
      register_expires: 120,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 5,
      user_agent: 'hotline-console',
    })
    ua.on('registered', () => this.hooks.onLine('registered', ''))
    ua.on('disconnected', () => this.lineLost())
    ua.on('unregistered', () => this.lineLost())
    ua.on('registrationFailed', ({ cause }) => this.refused(cause))
    ua.on('newRTCSession', (event: RTCSessionEvent) => this.taken(event))
    return ua
  }

  private lineLost(): void {
    this.doubtful = this.session
    if (!this.closed) this.hooks.onLine('lost', '')
  }

  /** The server has no call for us: one that broke off with the line ended while we were away. */
  dropDoubtful(): void {
    if (this.doubtful && this.doubtful === this.session) this.hangUp()
  }

  /** A short gap may have left the line as it was; else JsSIP connects and registers anew. */
  private lineTried(): void {
    if (!this.closed && this.ua?.isConnected() && this.registered) this.hooks.onLine('registered', '')
  }

  /** A refusal for good (wrong password) differs from a line that just dropped. */
  private refused(cause: string | undefined): void {
    if (this.closed) return
    const dropped = !this.ua?.isConnected() || cause === 'Connection Error'
    this.hooks.onLine(dropped ? 'lost' : 'refused', cause ?? '')
    if (!dropped) setTimeout(() => this.ua?.register(), 5000)
  }

  private taken(event: RTCSessionEvent): void {
    const session = event.session
    if (this.session && !this.session.isEnded()) {
      const current = this.session
      if (!this.isReplacement(event)) {
        session.terminate({ status_code: 486 })
        return
      }
      // The exchange gave the old leg up and rings again for the same conversation.
      this.session = null
      try {
        current.terminate()
      } catch {
        // Already gone at the other end.
      }
    }
    this.session = session
    this.follow(session)
    if (event.originator === 'remote') this.ringing(event as IncomingRTCSessionEvent)
  }

  private callIdOf(event: RTCSessionEvent): string {
    return event.originator === 'remote'
      ? ((event as IncomingRTCSessionEvent).request.getHeader('X-Call-Id') ?? '')
      : ''
  }

  private currentCallId = ''

  private isReplacement(event: RTCSessionEvent): boolean {
    const callId = this.callIdOf(event)
    return callId !== '' && callId === this.currentCallId
  }

  private ringing(event: IncomingRTCSessionEvent): void {
    this.currentCallId = this.callIdOf(event)
    this.setPhase('ringing')
    const answerNow = this.hooks.onRing({
      from: event.request.from.uri.user ?? '',
      callId: this.currentCallId,
    })
    if (answerNow) void this.answer()
  }

  private follow(session: RTCSession): void {
    session.on('peerconnection', ({ peerconnection }) => this.hear(peerconnection))
    session.on('icecandidate', ({ candidate, ready }) => {
      if (isUsableHost(candidate.candidate)) ready()
    })
    session.on('confirmed', () => this.confirmed(session))
    session.on('ended', (event: EndEvent) => this.gone(session, event.cause))
    session.on('failed', (event: EndEvent) => this.gone(session, event.cause))
  }

  private confirmed(session: RTCSession): void {
    if (session !== this.session) return
    if (this.muted) session.mute({ audio: true })
    this.setPhase('talking')
  }

  private gone(session: RTCSession, cause: string): void {
    if (session !== this.session) return
    this.session = null
    this.currentCallId = ''
    this.muted = false
    this.hooks.onSoundLost(false)
    this.speaker.srcObject = null
    this.setPhase('idle', cause)
  }

  private setPhase(phase: CallPhase, cause = ''): void {
    this.phase = phase
    this.hooks.onPhase(phase, cause)
  }

  private hear(connection: RTCPeerConnection): void {
    connection.addEventListener('iceconnectionstatechange', () => {
      const sound = soundOf(connection.iceConnectionState)
      if (sound && connection === this.session?.connection) this.hooks.onSoundLost(sound === 'lost')
    })
    connection.addEventListener('track', (event) => {
      this.speaker.srcObject = event.streams[0] ?? new MediaStream([event.track])
      this.speaker.play().catch((error: unknown) => {
        if (error instanceof DOMException && error.name === 'NotAllowedError') {
          this.hooks.onSoundBlocked()
        }
      })
    })
  }

  private async openMicrophone(): Promise<MediaStream | null> {
    try {
      return await this.hooks.microphone()
    } catch (error) {
      this.hooks.onMicError(error)
      return null
    }
  }

  /** The page goes away: say goodbye, or the exchange would hold a dead leg for seconds. */
  private dropNow(): void {
    this.hangUp()
    this.ua?.stop()
  }
}

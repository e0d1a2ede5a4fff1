/** The microphone, acquired before any call so that answering takes no time. */

import { micProblem, type MicProblem } from '@/logic/microphone'

export class MicError extends Error {
  constructor(readonly problem: MicProblem) {
    super(`${problem.title}。${problem.advice}`)
    this.name = 'MicError'
  }
}

/** @throws MicError saying what to do. */
export async function openMicrophone(): Promise<MediaStream> {
  if (!window.isSecureContext || !navigator.mediaDevices) {
    throw new MicError(micProblem('', false))
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    })
  } catch (error) {
    throw new MicError(micProblem(error instanceof Error ? error.name : '', true))
  }
}

/** False once the device was unplugged. */
export function isAlive(stream: MediaStream | null): stream is MediaStream {
  return !!stream && stream.getAudioTracks().some((track) => track.readyState === 'live')
}

export function closeMicrophone(stream: MediaStream | null): void {
  stream?.getTracks().forEach((track) => track.stop())
}

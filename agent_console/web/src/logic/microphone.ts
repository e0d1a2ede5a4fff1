/** Why there is no microphone, in words that say what to do. */

export interface MicProblem {
  kind: 'insecure' | 'denied' | 'missing' | 'busy' | 'unplugged' | 'other'
  title: string
  advice: string
}

const PROBLEMS: Record<MicProblem['kind'], Omit<MicProblem, 'kind'>> = {
  insecure: {
    title: '当前网址不安全，浏览器不允许使用麦克风',
    advice: '请改用 https 开头的地址访问；在本机试用时请用 http://127.0.0.1 或 http://localhost。',
  },
  denied: {
    title: '浏览器没有得到麦克风的使用许可',
    advice: '请点击地址栏左侧的图标，把“麦克风”改为“允许”，然后重新签入。',
  },
  missing: {
    title: '没有找到麦克风',
    advice: '请插好耳麦，确认系统声音设置里能看到它，然后重新签入。',
  },
  busy: {
    title: '麦克风打不开',
    advice: '它可能正被其他程序占用。请关闭其他通话软件，或重新插拔耳麦后再试。',
  },
  unplugged: {
    title: '麦克风已断开，对方听不到您说话',
    advice: '请插好耳麦后点“重试”；正在进行的通话会自动接回。',
  },
  other: { title: '麦克风不可用', advice: '请检查耳麦和浏览器设置后再试。' },
}

const KIND_OF_NAME: Record<string, MicProblem['kind']> = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
}

/** It worked, and then its device went away. */
export const UNPLUGGED: MicProblem = { kind: 'unplugged', ...PROBLEMS.unplugged }

export function micProblem(errorName: string, secureContext: boolean): MicProblem {
  const kind = secureContext ? (KIND_OF_NAME[errorName] ?? 'other') : 'insecure'
  return { kind, ...PROBLEMS[kind] }
}

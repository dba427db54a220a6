/** The control channel, or the directory it stands in, cannot be used. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly code: 'control-socket' | 'data-dir' | 'data-dir-in-use' | 'not-running';

  constructor(code: ControlError['code'], message: string, cause: unknown) {
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    super(`${message}${why}`, { cause });
    this.code = code;
  }
}

/** The directory cannot be used by this program. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Failures of the system become a StorageError that says what to look at. */
export function inDirectory<T>(directory: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof StorageError || code === undefined) throw error;
    const message = `the data directory ${directory} cannot be used (${code}): check its owner and permissions`;
    throw new StorageError(code, message, error);
  }
}

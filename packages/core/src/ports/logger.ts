/** Structured logging. Implementations scrub secrets; callers pass facts, not sentences with facts in them. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
  isDebug(): boolean;
}

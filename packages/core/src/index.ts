export type { ForgottenContext } from './care.ts';
export type { FaultPoint } from './context.ts';
export { type Core, type CoreOptions, createCore } from './core.ts';
export type { Command, Dispatcher, Handler, Handling, Reply } from './dispatcher.ts';
export { MAX_NAME_BYTES, numberedName, safeFileName, UNFINISHED_PREFIX } from './file-name.ts';
export { sizeText } from './i18n/size.ts';
export { DEFAULT_LIMITS, type Limits } from './limits.ts';
export * from './ports/index.ts';
export * from './secrets.ts';

export type { FaultPoint } from './context.ts';
export { type Core, type CoreOptions, createCore } from './core.ts';
export type { Command, Dispatcher, Handler, Handling, Reply } from './dispatcher.ts';
export { DEFAULT_LIMITS, type Limits } from './limits.ts';
export * from './ports/index.ts';
export * from './secrets.ts';

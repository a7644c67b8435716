export * from './fake-messenger.ts';
export * from './fake-surface.ts';
export * from './memory-store.ts';

export * from './fake-messenger.ts';
export * from './fake-surface.ts';

export { createWebAdapter, type WebAdapter, type WebAdapterOptions } from './adapter.ts';
export { WebAdapterConfig } from './config.ts';
export { ClientFrame, Entry, ServerFrame } from './frames.ts';
export { webSurface } from './surface.ts';

export { systemClock } from './clock.ts';
export { LOG_LEVELS, type LogFormat, type LogLevel } from './config.ts';
export { EXIT } from './exit-codes.ts';
export { createLogger, type LoggerOptions } from './logging.ts';
export { createMetrics, type MetricsRegistry } from './metrics.ts';
export type { OwnAgent } from './open-agents.ts';
export { runApp } from './run.ts';
export type { Environment } from './settings.ts';
export {
  type AppOptions,
  prepareApp,
  type RunningApp,
  startApp,
  type World,
} from './start.ts';
export { isStartError, StartError } from './start-error.ts';
export { defineSurface, type Parts, type SurfaceDefinition, type SurfaceSpec } from './surface.ts';

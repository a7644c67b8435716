export { type LivePart, liveOrSkip } from './live/live.ts';

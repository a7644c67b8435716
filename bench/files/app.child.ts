/** The app whose memory is watched while files go through it. */
import { answer } from '../child.ts';
import { startWebApp, type WebAppOptions } from '../web-app.ts';

/** Milliseconds. */
const SAMPLE = 5;

let app: Awaited<ReturnType<typeof startWebApp>> | undefined;
let peak = 0;
const sample = () => {
  const rss = process.memoryUsage.rss();
  peak = Math.max(peak, rss);
  return rss;
};
setInterval(sample, SAMPLE).unref();

export type WatchedApp = typeof calls;
const calls = {
  async start(options: WebAppOptions): Promise<string> {
    app = await startWebApp(options);
    return app.url;
  },
  /** Bytes of the process now; the peak is sought from now on. */
  idle(): number {
    peak = 0;
    return sample();
  },
  /** The most bytes that the process had since `idle`. */
  peak(): number {
    sample();
    return peak;
  },
};
answer(calls, async () => app?.stop(1000));

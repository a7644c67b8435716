/** The app behind the page. */
import { answer } from '../child.ts';
import { startWebApp, type WebAppOptions } from '../web-app.ts';

let app: Awaited<ReturnType<typeof startWebApp>> | undefined;

export type PageApp = typeof calls;
const calls = {
  async start(options: WebAppOptions): Promise<string> {
    app = await startWebApp(options);
    return app.url;
  },
};
answer(calls, async () => app?.stop(1000));

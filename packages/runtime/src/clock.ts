import type { Clock } from '@surfaces/core';

/** The longest wait of one timer of Node; longer ones would fire at once. */
const LONGEST = 2 ** 31 - 1;

/** Real time. Its timers keep the process alive until they fire or are cancelled. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    let timer: NodeJS.Timeout;
    const wait = (rest: number) => {
      timer = setTimeout(
        () => (rest > LONGEST ? wait(rest - LONGEST) : callback()),
        Math.min(Math.max(rest, 0), LONGEST),
      );
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};

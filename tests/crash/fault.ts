/** Inside a process that is to die: counts the passings of its point and ends it by SIGKILL. */
export function faultFromEnvironment(): (point: string) => void {
  const [at, nth = '1'] = (process.env.CRASH_AT ?? '').split('#');
  let left = Number(nth);
  return (point) => {
    if (point !== at) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  };
}

import { isAbsolute, join } from 'node:path';
import type { Environment } from './settings.ts';

/**
 * Where the platform keeps data of programs: XDG Base Directory (a relative XDG_DATA_HOME is to be
 * ignored, says its specification), Application Support on macOS, LOCALAPPDATA on Windows.
 */
export function defaultDataDir(env: Environment, platform: NodeJS.Platform, home: string): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'surfaces');
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'surfaces');
  const xdg = env.XDG_DATA_HOME;
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.local', 'share'), 'surfaces');
}

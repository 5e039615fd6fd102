/** Where things are. These scripts run under whatever Node the machine has, 18 or later, before anything is installed. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** The Node that the project runs on, once it is installed. */
export const NODE = join(
  ROOT,
  'node_modules',
  'node',
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
);
export const NEXT = join(ROOT, 'node_modules', 'next', 'dist', 'bin', 'next');
export const bin = (name) => join(ROOT, 'node_modules', '.bin', name);

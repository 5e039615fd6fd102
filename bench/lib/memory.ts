/** Memory of a process and its descendants, from Linux's /proc. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Memory {
  /** Resident now, in MiB. */
  rssMib: number;
  /** The sum of each process's own peak, in MiB. */
  peakMib: number;
}

/** @returns null where there is no /proc, or the process has ended */
export function memoryOf(pid: number): Memory | null {
  const total: Memory = { rssMib: 0, peakMib: 0 };
  let found = false;
  for (const member of treeOf(pid)) {
    const status = read(`/proc/${member}/status`);
    if (status === null) continue;
    found = true;
    total.rssMib += kibOf(status, 'VmRSS') / 1_024;
    total.peakMib += kibOf(status, 'VmHWM') / 1_024;
  }
  return found ? total : null;
}

export function kibOf(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
}

function treeOf(root: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const pid of allPids()) {
    const parent = Number(/^PPid:\s*(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0);
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (let at = 0; at < tree.length; at += 1) tree.push(...(childrenOf.get(tree[at] ?? 0) ?? []));
  return tree;
}

function allPids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

import {
  ArrowRight,
  CircleX,
  Database,
  FileWarning,
  History,
  type LucideIcon,
  Merge,
  ShieldX,
  Unplug,
} from 'lucide-react';
import { HOW } from '#components/requests/how.ts';
import type { AnswerKind } from '#lib/contracts/requests.ts';

const ICONS: Record<AnswerKind, LucideIcon> = {
  upstream: ArrowRight,
  cache: Database,
  coalesced: Merge,
  stale: History,
  refused: ShieldX,
  failed: CircleX,
  rejected: FileWarning,
  cancelled: Unplug,
};

/** By icon, text and colour. */
export function HowBadge({ how }: { how: AnswerKind }) {
  const { label, tone } = HOW[how];
  const Icon = ICONS[how];
  return (
    <span className={`inline-flex items-center align-bottom gap-1.5 whitespace-nowrap ${tone}`}>
      <Icon size={13} aria-hidden className="shrink-0" />
      {label}
    </span>
  );
}

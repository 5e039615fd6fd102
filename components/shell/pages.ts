import {
  ChartSpline,
  ClipboardCheck,
  DatabaseZap,
  FlaskConical,
  Layers,
  LayoutDashboard,
  ScrollText,
  ShieldUser,
  ToggleRight,
} from 'lucide-react';

/** The pages there are, with the key that follows `g`. */
export const PAGES = [
  { href: '/', name: 'Overview', key: 'o', Icon: LayoutDashboard },
  { href: '/breakers', name: 'Breakers', key: 'b', Icon: ToggleRight },
  { href: '/cache', name: 'Cache', key: 'c', Icon: DatabaseZap },
  { href: '/batching', name: 'Batching', key: 't', Icon: Layers },
  { href: '/allocation', name: 'Allocation', key: 'a', Icon: ChartSpline },
  { href: '/requests', name: 'Requests', key: 'r', Icon: ScrollText },
  { href: '/lab', name: 'Lab', key: 'l', Icon: FlaskConical },
  { href: '/score', name: 'Score', key: 's', Icon: ClipboardCheck },
  { href: '/audit', name: 'Audit', key: 'u', Icon: ShieldUser },
] as const;

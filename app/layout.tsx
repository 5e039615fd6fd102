import '@fontsource-variable/inter';
import '@fontsource-variable/jetbrains-mono';
import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import './globals.css';

export const metadata: Metadata = {
  title: 'Switchgear',
  description: 'A resilience gateway with a live console for AI backends',
};

export const viewport: Viewport = { width: 'device-width', initialScale: 1 };

/** Before the first paint, so that the chosen theme does not flash. */
const APPLY_THEME = `try{var t=localStorage.getItem('theme');if(t)document.documentElement.dataset.theme=t}catch{}`;

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" suppressHydrationWarning>
      <head>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: a constant of our own */}
        <script dangerouslySetInnerHTML={{ __html: APPLY_THEME }} />
      </head>
      <body>{children}</body>
    </html>
  );
}

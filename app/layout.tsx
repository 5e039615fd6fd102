import '@fontsource-variable/inter';
import '@fontsource-variable/jetbrains-mono';
import type { Metadata, Viewport } from 'next';
import { headers } from 'next/headers';
import type { ReactNode } from 'react';
import './globals.css';

export const metadata: Metadata = {
  title: 'Switchgear',
  description: 'A resilience gateway with a live console for AI backends',
};

export const viewport: Viewport = { width: 'device-width', initialScale: 1 };

/**
 * Before the first paint, so that the chosen theme does not flash. The nonce goes to what writes style elements later
 * (Radix, by the name that bundlers gave it).
 */
const FIRST = `window.__webpack_nonce__=document.currentScript.nonce;try{var t=localStorage.getItem('theme');if(t)document.documentElement.dataset.theme=t}catch{}`;

/** Reading the request makes every page, those of errors too, anew for it, as a nonce needs. */
export default async function Layout({ children }: { children: ReactNode }) {
  const nonce = nonceIn((await headers()).get('content-security-policy'));
  return (
    <html lang="en" suppressHydrationWarning>
      <head>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: a constant of our own */}
        <script nonce={nonce} suppressHydrationWarning dangerouslySetInnerHTML={{ __html: FIRST }} />
      </head>
      <body>{children}</body>
    </html>
  );
}

/** The guard put it there. */
function nonceIn(policy: string | null): string {
  return /'nonce-([^']+)'/.exec(policy ?? '')?.[1] ?? '';
}

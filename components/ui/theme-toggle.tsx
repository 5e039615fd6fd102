'use client';

import { Moon, Sun } from 'lucide-react';
import { Button } from '#components/ui/button.tsx';

/** Both icons are drawn and CSS shows one, so that server and browser agree before the theme is known. */
export function ThemeToggle() {
  const toggle = () => {
    const root = document.documentElement;
    const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
    const next = (root.dataset.theme ?? system) === 'dark' ? 'light' : 'dark';
    root.dataset.theme = next;
    try {
      localStorage.setItem('theme', next);
    } catch {
      // A browser that keeps nothing still shows it until the next load.
    }
  };
  return (
    <Button onClick={toggle} aria-label="Switch between light and dark">
      <Sun size={15} aria-hidden className="theme-light" />
      <Moon size={15} aria-hidden className="theme-dark" />
    </Button>
  );
}

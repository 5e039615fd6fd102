'use client';

import { Monitor, Moon, Sun } from 'lucide-react';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { useMounted } from '#components/ui/local-time.tsx';

const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const ICONS = { system: Monitor, light: Sun, dark: Moon } as const;

/** One button that goes from the system's theme to light, to dark, and round again. */
export function ThemeSelect() {
  const mounted = useMounted();
  const [chosen, setChosen] = useState<Theme | null>(null);
  // Known in the browser only; the server draws the system's.
  const theme = chosen ?? (mounted ? stored() : 'system');
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
  const choose = () => {
    apply(next);
    setChosen(next);
  };
  const Icon = ICONS[theme];
  return (
    <Button
      onClick={choose}
      aria-label={`Theme: ${theme}. Change to ${next}`}
      title={`Theme: ${theme}`}
      className="w-9 justify-center px-0"
    >
      <Icon size={15} aria-hidden />
    </Button>
  );
}

function stored(): Theme {
  const { theme } = document.documentElement.dataset;
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

function apply(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === 'system') delete dataset.theme;
  else dataset.theme = theme;
  try {
    if (theme === 'system') localStorage.removeItem('theme');
    else localStorage.setItem('theme', theme);
  } catch {
    // A browser that keeps nothing still shows it until the next load.
  }
}

'use client';

import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';

const SHOWN_MS = 1_500;

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState<'yes' | 'no' | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied('yes');
    } catch {
      // Browsers have no clipboard for pages that come over plain HTTP from another machine.
      setCopied('no');
    }
    setTimeout(() => setCopied(null), SHOWN_MS);
  };
  const Icon = copied === 'yes' ? Check : Copy;
  return (
    <Button onClick={copy} aria-label={label} className="min-w-22 justify-center">
      <Icon size={14} aria-hidden />
      <span aria-live="polite">{copied === 'yes' ? 'Copied' : copied === 'no' ? 'Blocked' : 'Copy'}</span>
    </Button>
  );
}

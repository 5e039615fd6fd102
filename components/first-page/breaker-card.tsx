'use client';

import { useState } from 'react';
import { BreakerRow } from '#components/first-page/breaker-row.tsx';
import { worstFirst } from '#components/first-page/summary.ts';
import { Card } from '#components/ui/card.tsx';
import type { BreakerView } from '#lib/contracts/breakers.ts';

export function BreakerCard({
  breakers,
  onChanged,
}: {
  breakers: readonly BreakerView[];
  onChanged: () => Promise<unknown>;
}) {
  const [result, setResult] = useState('');
  const onDone = async (text: string) => {
    setResult(text);
    await onChanged();
  };
  return (
    <Card
      title="Circuit breakers"
      note="worst first; counts start anew with each change of state, latencies are those of the last window"
    >
      <p role="status" className={result === '' ? 'sr-only' : 'border-t px-4 py-1.5 text-muted'}>
        {result}
      </p>
      <div
        className="hidden grid-cols-(--breaker-columns) gap-x-4 border-t px-4 py-1.5 text-muted lg:grid"
        aria-hidden
      >
        <span>Component</span>
        <span>State</span>
        <span>Why</span>
        <span className="text-right">passed/s</span>
        <span className="text-right">failed</span>
        <span className="text-right">p50</span>
        <span className="text-right">p99</span>
        <span />
      </div>
      <ul>
        {worstFirst(breakers).map((breaker) => (
          <BreakerRow key={breaker.name} breaker={breaker} onDone={onDone} />
        ))}
      </ul>
    </Card>
  );
}

'use client';

import { Terminal } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { type ComponentProps, useEffect, useId, useState } from 'react';
import { AnswerError, send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { Input } from '#components/ui/field.tsx';
import { partOf } from '#components/ui/part-of.ts';
import { type CommandResult, commandResultSchema } from '#lib/contracts/commands.ts';

type Understood =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'command'; readonly result: CommandResult }
  | { readonly kind: 'unknown'; readonly suggestions: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string };

const AFTER_TYPING_MS = 150;
const UNPROCESSABLE = 422;
const NOTHING: Understood = { kind: 'nothing' };
const EXAMPLES = [
  'status',
  'hit rate last hour',
  'why did lab chat open?',
  'trip lab chat for 2 minutes',
  'show cache',
];

/** Plain words to commands: what was understood is shown as it is typed, and what changes something is asked about. */
export function Palette({ hasButton }: { hasButton: boolean }) {
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const [seen, setSeen] = useState<Understood>(NOTHING);
  const [asks, setAsks] = useState(false);
  const [answer, setAnswer] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const input = useId();

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      setOpen((before) => !before);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);

  useEffect(() => {
    setAsks(false);
    if (text.trim() === '') {
      setSeen(NOTHING);
      return;
    }
    let current = true;
    const timer = setTimeout(() => {
      void understand(text, true).then((found) => {
        if (current) setSeen(found);
      });
    }, AFTER_TYPING_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text]);

  const submit = async () => {
    if (busy || text.trim() === '') return;
    setBusy(true);
    setAnswer(null);
    // What is run is what is shown: what was typed last may not be understood yet.
    const found = await understand(text, true);
    setSeen(found);
    if (found.kind !== 'command' || (found.result.dangerous && !asks)) {
      setAsks(found.kind === 'command');
      setBusy(false);
      return;
    }
    const { command } = found.result;
    if (command.action === 'show_page') {
      setOpen(false);
      setText('');
      router.push(command.href);
    } else {
      const done = await understand(text, false);
      setSeen(done.kind === 'failed' ? done : found);
      if (done.kind === 'command') setAnswer(done.result.answer);
    }
    setAsks(false);
    setBusy(false);
  };

  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      {...(hasButton ? { trigger: <CommandButton /> } : {})}
      title="Command"
      description="Say it in plain words. What changes something is asked about before it is done."
      wide
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <label htmlFor={input} className="sr-only">
          Command
        </label>
        <Input
          id={input}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAnswer(null);
          }}
          placeholder="trip lab chat for 2 minutes"
          maxLength={500}
          autoFocus
          className="w-full"
        />
        <div className="min-h-24 pt-3" aria-live="polite">
          {seen.kind === 'nothing' ? (
            <Suggestions list={EXAMPLES} onPick={setText} title="For example" />
          ) : null}
          {seen.kind === 'unknown' ? (
            <Suggestions list={seen.suggestions} onPick={setText} title="Not understood. Did you mean" />
          ) : null}
          {seen.kind === 'failed' ? (
            <p role="alert" className="text-open">
              {seen.message}
            </p>
          ) : null}
          {seen.kind === 'command' ? <p className="font-medium">{seen.result.understood}</p> : null}
          {answer === null ? null : <p className="pt-1">{answer}</p>}
        </div>
        {seen.kind === 'command' && answer === null ? (
          <div className="flex items-center gap-3">
            <Button type="submit" kind="primary" disabled={busy}>
              {asks ? 'Yes, do it' : 'Run'}
            </Button>
            <span className="text-muted">
              {asks ? 'This changes something. Enter again, or the button, does it.' : 'Enter'}
            </span>
          </div>
        ) : null}
      </form>
    </Dialog>
  );
}

function CommandButton(props: ComponentProps<typeof Button>) {
  return (
    <Button
      {...props}
      aria-label="Command in plain words"
      title="Command in plain words (⌘K)"
      className="w-9 justify-center px-0 max-sm:hidden"
    >
      <Terminal size={15} aria-hidden />
    </Button>
  );
}

function Suggestions({
  title,
  list,
  onPick,
}: {
  title: string;
  list: readonly string[];
  onPick: (text: string) => void;
}) {
  return (
    <>
      <p className="text-muted">{title}</p>
      <ul className="pt-1">
        {list.map((each) => (
          <li key={each}>
            <button
              type="button"
              onClick={() => onPick(each)}
              className="w-full rounded px-2 py-1 text-left font-mono text-[12px] break-all hover:bg-raised"
            >
              {each}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

async function understand(text: string, dryRun: boolean): Promise<Understood> {
  try {
    const answer = await send('POST', '/api/commands', { text, dry_run: dryRun });
    return { kind: 'command', result: commandResultSchema.parse(answer) };
  } catch (thrown) {
    if (thrown instanceof AnswerError && thrown.status === UNPROCESSABLE) {
      const suggestions = partOf(thrown.details, 'suggestions');
      return { kind: 'unknown', suggestions: Array.isArray(suggestions) ? suggestions.map(String) : [] };
    }
    return { kind: 'failed', message: thrown instanceof Error ? thrown.message : 'No answer' };
  }
}

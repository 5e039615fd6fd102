import { describe, expect, it } from 'vitest';
import { Turns } from '#components/charts/turns.ts';

function begin() {
  const tasks: (() => void)[] = [];
  const drawn: string[] = [];
  const turns = new Turns((run) => void tasks.push(run));
  return {
    tasks,
    drawn,
    turns,
    ask: (who: object, what: string) => turns.ask(who, () => void drawn.push(what)),
    next: () => tasks.shift()?.(),
  };
}

describe('the turns of drawing', () => {
  const [a, b] = [{}, {}];

  it('are one to a task, in the order in which they were asked for', () => {
    const { tasks, drawn, ask, next } = begin();
    ask(a, 'a');
    ask(b, 'b');
    expect([tasks.length, drawn]).toEqual([1, []]);
    next();
    expect(drawn).toEqual(['a']);
    next();
    expect([tasks.length, drawn]).toEqual([0, ['a', 'b']]);
  });

  it('take only the last wish of one who asks twice', () => {
    const { tasks, drawn, ask, next } = begin();
    ask(a, 'old');
    ask(b, 'b');
    ask(a, 'new');
    while (tasks.length > 0) next();
    expect(drawn).toEqual(['new', 'b']);
  });

  it('pass over one who has left', () => {
    const { tasks, drawn, turns, ask, next } = begin();
    ask(a, 'a');
    ask(b, 'b');
    turns.leave(a);
    while (tasks.length > 0) next();
    expect(drawn).toEqual(['b']);
    ask(a, 'again');
    next();
    expect(drawn).toEqual(['b', 'again']);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDangerous, parse, shown, type Vocabulary } from '#lib/commands/grammar.ts';
import { type Command, commandSchema } from '#lib/contracts/commands.ts';

const VOCABULARY: Vocabulary = {
  components: ['test', 'ollama.chat', 'ollama.embeddings', 'cloud-eu.chat', 'cloud-eu.admin', 'redis'],
  caches: ['ollama_responses', 'ollama_embeddings', 'nlp_processor'],
  pages: { cache: '/cache', score: '/score', breakers: '/breakers' },
};

const UNDERSTOOD: [string, Command][] = [
  ['trip ollama chat for 2 minutes', { action: 'trip', component: 'ollama.chat', duration_s: 120 }],
  ['Trip ollama.chat', { action: 'trip', component: 'ollama.chat' }],
  [
    'please trip the cloud chat breaker for half an hour',
    { action: 'trip', component: 'cloud-eu.chat', duration_s: 1_800 },
  ],
  [
    'open redis for 90s because of a failover',
    { action: 'trip', component: 'redis', duration_s: 90, reason: 'a failover' },
  ],
  [
    'hold ollama.embeddings closed for 1 h',
    { action: 'hold', component: 'ollama.embeddings', mode: 'closed', duration_s: 3_600 },
  ],
  ['hold ollama chat metrics only', { action: 'hold', component: 'ollama.chat', mode: 'metrics_only' }],
  ['release the hold of redis', { action: 'lift', component: 'redis' }],
  ['reset ollama chat', { action: 'reset', component: 'ollama.chat' }],
  ['why did embeddings open?', { action: 'why', component: 'ollama.embeddings' }],
  ['why is redis open', { action: 'why', component: 'redis' }],
  ['hit rate last hour', { action: 'hit_rate', window_s: 1_000 }],
  ['what is the hit rate', { action: 'hit_rate', window_s: null }],
  ['status', { action: 'status' }],
  ['what is wrong?', { action: 'status' }],
  ['purge all', { action: 'purge', all: true }],
  ['clear the ollama embeddings cache', { action: 'purge', cache: 'ollama_embeddings' }],
  ['purge model llama3.2:1b', { action: 'purge', model: 'llama3.2:1b' }],
  ['drill cloud chat', { action: 'drill', component: 'cloud-eu.chat' }],
  ['run the load test', { action: 'load_test' }],
  ['allocation act', { action: 'allocation_mode', mode: 'act' }],
  [
    'set the allocator to shadow because it is monday',
    { action: 'allocation_mode', mode: 'shadow', reason: 'it is monday' },
  ],
  ['show cache', { action: 'show_page', href: '/cache' }],
  ['go to the score page', { action: 'show_page', href: '/score' }],
  ['open breakers', { action: 'show_page', href: '/breakers' }],
];

describe('plain words', () => {
  it.each(UNDERSTOOD)('%s', (text, command) => {
    expect(parse(text, VOCABULARY)).toEqual({ understood: true, command });
  });

  it.each([
    ['trip chat', ['trip ollama.chat', 'trip cloud-eu.chat']],
    ['reset ollama', ['reset ollama.chat', 'reset ollama.embeddings']],
    ['purge', ['purge all', 'purge ollama_responses', 'purge ollama_embeddings', 'purge nlp_processor']],
  ])('asks which is meant: %s', (text, suggestions) => {
    expect(parse(text, VOCABULARY)).toEqual({ understood: false, suggestions });
  });

  it('suggests what would be understood, and understands it', () => {
    const parsed = parse('make me a sandwich', VOCABULARY);
    if (parsed.understood) throw new Error('it was understood');
    for (const suggestion of parsed.suggestions)
      expect(parse(suggestion, VOCABULARY)).toMatchObject({ understood: true });
  });

  it('asks before whatever changes something, and before nothing else', () => {
    for (const [, command] of UNDERSTOOD)
      expect(isDangerous(command)).toBe(!['why', 'hit_rate', 'status', 'show_page'].includes(command.action));
  });

  it('throws at nothing, and what it understands is a command that can be shown', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'trip',
        'why',
        'purge',
        'for',
        '2',
        'minutes',
        'because',
        'chat',
        'hold',
        'all',
        'hit',
        'rate',
        '*',
      ),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const parsed = parse(words.join(' '), VOCABULARY);
        if (!parsed.understood) {
          expect(parsed.suggestions.length).toBeGreaterThan(0);
          return;
        }
        expect(commandSchema.parse(parsed.command)).toEqual(parsed.command);
        expect(shown(parsed.command).length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  it('shows the component, the time and the kind of what is run', () => {
    const text = (command: Command) => shown(command);
    expect(text({ action: 'trip', component: 'redis', duration_s: 120 })).toBe('Hold redis open for 2 min');
    expect(text({ action: 'purge', cache: 'ollama_responses' })).toBe('Purge ollama_responses');
  });
});

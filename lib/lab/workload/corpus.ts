/** What the workload asks: thousands of readable prompts, each made from its number alone. */

const QUESTIONS: readonly string[] = [
  'How do I choose {detail} for {topic}?',
  'What goes wrong when {topic} meets {detail}?',
  'Explain {topic} to a new colleague, with {detail} as the example.',
  'Write a short checklist for {topic}; mind {detail}.',
  'Compare two ways to do {topic} and say what {detail} changes.',
  'Our {topic} is slow since this morning. Could it be {detail}?',
  'Summarise the trade-offs of {topic} in three points, {detail} among them.',
  'Which metrics show that {topic} suffers from {detail}?',
  'Give an example configuration for {topic} with {detail}.',
  'Why does everyone warn about {detail} in {topic}?',
  'Draft a message to the team: {topic} will change because of {detail}.',
  'What would you test first in {topic}, given {detail}?',
];

const TOPICS: readonly string[] = [
  'a connection pool',
  'a nightly backup',
  'a message queue',
  'database failover',
  'log rotation',
  'a canary release',
  'certificate renewal',
  'a search index',
  'rate limiting',
  'an image pipeline',
  'session storage',
  'a batch import',
  'feature flags',
  'a payment retry',
  'service discovery',
  'a schema migration',
  'load shedding',
  'an on-call handover',
  'cost reporting',
  'cold starts',
  'an audit trail',
  'cache invalidation',
  'a status page',
  'model serving',
];

const DETAILS: readonly string[] = [
  'a limit of 64 connections',
  'clocks that drift',
  'a full disk',
  'one slow replica',
  'retries without backoff',
  'a noisy neighbour',
  'very long prompts',
  'a region that is far away',
  'two writers at once',
  'a burst at nine in the morning',
  'duplicate events',
  'an expired token',
  'a missing index',
  'half of the memory',
  'a deadline of 200 ms',
  'clients that never hang up',
  'an unclear owner',
  'a hot key',
  'packet loss of one percent',
  'a timeout that is too generous',
];

const SINGLE = QUESTIONS.length * TOPICS.length * DETAILS.length;

/** The prompt of that number, from 0 on; no two are the same. */
export function promptAt(index: number): string {
  const question = QUESTIONS[index % QUESTIONS.length] ?? '';
  const topic = TOPICS[Math.floor(index / QUESTIONS.length) % TOPICS.length] ?? '';
  const detail = DETAILS[Math.floor(index / (QUESTIONS.length * TOPICS.length)) % DETAILS.length] ?? '';
  const prompt = question.replace('{topic}', topic).replace('{detail}', detail);
  return index < SINGLE ? prompt : `${prompt} (case ${Math.floor(index / SINGLE) + 1})`;
}

/** A passage to embed, of two sentences; no two are the same. */
export function passageAt(index: number): string {
  const topic = TOPICS[index % TOPICS.length] ?? '';
  const detail = DETAILS[Math.floor(index / TOPICS.length) % DETAILS.length] ?? '';
  return `Note ${index + 1}: ${topic} was reviewed because of ${detail}. ${promptAt(index)}`;
}

/** The sentences that the lab answers with: plain English about running services. */

export const OPENINGS: readonly string[] = [
  'This is a canned answer from a stand-in server, not from an AI model.',
  'No model thought about this; the text is drawn from a small list.',
  'The lab answers with sample text, so that clients can be tested without a model.',
];

export const SUBJECTS: readonly string[] = [
  'a circuit breaker',
  'a bounded queue',
  'a retry with backoff',
  'a bulkhead',
  'a health check',
  'a connection pool',
  'a request deadline',
  'a response cache',
  'a rate limit',
  'a batch of requests',
  'a rolling deploy',
  'a slow upstream',
];

export const CLAIMS: readonly string[] = [
  'keeps one failing part from taking the others down',
  'turns a long wait into a quick and honest error',
  'is easiest to judge by its slowest one percent',
  'should be measured before it is tuned',
  'needs a limit that somebody chose on purpose',
  'shows its worth on the worst day, not on the average one',
  'works best when callers can see why they were refused',
  'costs little while everything is well',
  'hides trouble when nobody watches its counters',
  'recovers sooner when probes are few and spaced out',
];

export const ADVICE: readonly string[] = [
  'Start with the defaults and change one setting at a time.',
  'Write down what you expect before you inject a fault.',
  'Watch the error rate and the queue length together.',
  'Give every call a deadline and pass on what is left of it.',
  'Retry only what is safe to do twice.',
  'Alert on what users notice, and keep the rest for the dashboard.',
  'Practise recovery while it is still calm.',
  'Drain connections before you stop a process.',
  'Prefer shedding load early to failing late.',
];

export const THOUGHTS: readonly string[] = [
  'The lab does not think; this part only shows where thinking would stand.',
  'First the question is read, then sentences are drawn by its hash.',
];

/** How to point a client here, in the three ways that most take. */

export const CLIENTS = ['openai', 'ollama', 'curl'] as const;
export type Client = (typeof CLIENTS)[number];

const QUESTION = 'Why is the sky blue?';

export function snippetOf(client: Client, address: string, model: string, stream: boolean): string {
  switch (client) {
    case 'openai':
      return `import OpenAI from 'openai';

const client = new OpenAI({
  baseURL: '${address}/v1',
  apiKey: 'unused',
});
${javascript('client.chat.completions.create', model, stream, 'answer.choices[0].message.content', 'part.choices[0]?.delta.content ?? ""')}`;
    case 'ollama':
      return `import { Ollama } from 'ollama';

const client = new Ollama({ host: '${address}' });
${javascript('client.chat', model, stream, 'answer.message.content', 'part.message.content')}`;
    case 'curl':
      return `curl ${stream ? '-N ' : ''}${address}/v1/chat/completions \\
  -H 'content-type: application/json' \\
  -d '{"model": "${model}", ${stream ? '"stream": true, ' : ''}
       "messages": [{"role": "user", "content": "${QUESTION}"}]}'`;
    default:
      return client satisfies never;
  }
}

function javascript(call: string, model: string, stream: boolean, whole: string, part: string): string {
  const request = `  model: '${model}',
  messages: [{ role: 'user', content: '${QUESTION}' }],`;
  if (!stream) {
    return `const answer = await ${call}({
${request}
});
console.log(${whole});`;
  }
  return `const answer = await ${call}({
${request}
  stream: true,
});
for await (const part of answer) process.stdout.write(${part});`;
}

// A stand-in for the Messages API on loopback: answers the real claude from a script.
// Requests without tools are the program's side questions (titles and the like) and use up no scripted answer.
import { createServer } from 'node:http';

/** @param {({ text: string } | { tool: { name: string, input: object } })[]} replies given in this order */
export async function startMessagesApi(replies) {
  const script = [...replies];
  const requests = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (data) => (text += data));
    request.on('end', () => {
      const path = (request.url ?? '').split('?')[0];
      if (path === '/v1/messages/count_tokens') return json(response, { input_tokens: 10 });
      if (request.method === 'HEAD') return json(response, {});
      if (request.method !== 'POST' || path !== '/v1/messages') return json(response, {}, 404);
      const body = JSON.parse(text);
      let reply = { text: 'aside' };
      if ((body.tools ?? []).length > 0) {
        requests.push(body);
        reply = script.shift() ?? { text: 'The script is at its end.' };
      }
      answer(response, reply, body);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(response, reply, { stream, model }) {
  const id = crypto.randomUUID().replaceAll('-', '');
  const block = reply.tool === undefined ? { type: 'text', text: reply.text } : { type: 'tool_use', id: `toolu_${id}`, ...reply.tool };
  const stop = reply.tool === undefined ? 'end_turn' : 'tool_use';
  const message = { id: `msg_${id}`, type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null };
  const usage = { input_tokens: 12, output_tokens: 7 };
  if (stream !== true) return json(response, { ...message, content: [block], stop_reason: stop, usage });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const event = (value) => response.write(`event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`);
  const empty = reply.tool === undefined ? { ...block, text: '' } : { ...block, input: {} };
  const whole = reply.tool === undefined ? reply.text : JSON.stringify(reply.tool.input);
  const delta = (piece) => (reply.tool === undefined ? { type: 'text_delta', text: piece } : { type: 'input_json_delta', partial_json: piece });
  event({ type: 'message_start', message: { ...message, usage } });
  event({ type: 'content_block_start', index: 0, content_block: empty });
  for (const piece of whole.match(/[^]{1,8}/g) ?? []) event({ type: 'content_block_delta', index: 0, delta: delta(piece) });
  event({ type: 'content_block_stop', index: 0 });
  event({ type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null }, usage: { output_tokens: 7 } });
  event({ type: 'message_stop' });
  response.end();
}

function json(response, value, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

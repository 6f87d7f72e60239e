// Receives an agent's messages with Node alone: node receive.mjs PORT SECRET
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const key = Buffer.from(process.argv[3].replace(/^whsec_/, ''), 'base64');
const seen = new Map(); // keep it in your database: idempotency key → your id

function isGenuine(headers, body) {
  const sentAt = headers['webhook-timestamp'] ?? '';
  if (!/^\d+$/.test(sentAt) || Math.abs(Date.now() / 1000 - Number(sentAt)) > 300) return false;
  const hmac = createHmac('sha256', key).update(`${headers['webhook-id']}.${sentAt}.`).update(body);
  const expected = Buffer.from(`v1,${hmac.digest('base64')}`);
  return (headers['webhook-signature'] ?? '').split(' ').some((one) => {
    const given = Buffer.from(one);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const answer = (status, told) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(told));
  };
  if (!isGenuine(request.headers, body)) return answer(401, { error: 'signature' });
  const idempotencyKey = request.headers['idempotency-key'];
  if (!seen.has(idempotencyKey)) {
    const message = JSON.parse(body).data;
    // Deliver it here: message.text to message.contact.id on message.channel.
    console.log(JSON.stringify(message));
    seen.set(idempotencyKey, `wamid-${seen.size + 1}`);
  }
  answer(200, { provider_message_id: seen.get(idempotencyKey) });
});

server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});

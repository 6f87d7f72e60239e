// Publishes one event with ioredis alone.
import Redis from 'ioredis';

const client = new Redis(process.argv[2]);
const partitions = Number(await client.hget('domain-events:topology', 'partitions'));
if (!partitions) throw new Error('no partitions are recorded: run `agent-runtime migrate`');

let text = '';
for await (const chunk of process.stdin) text += chunk;
const event = JSON.parse(text);
let crc = 0;
for (const byte of Buffer.from(`${event.company_id}/${event.conversation_id ?? ''}`, 'utf8')) {
  crc ^= byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
}
const partition = (crc % 16384) % partitions;
console.log(await client.xadd(`domain-events:{${partition}}`, '*', 'event', text));
client.disconnect();

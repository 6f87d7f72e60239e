// An implementation of its own of the partition rule; reads vectors on stdin, prints partitions.
const crc16 = (bytes) => {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
};
let text = '';
for await (const chunk of process.stdin) text += chunk;
const found = JSON.parse(text).map(({ company_id, conversation_id, partitions }) =>
  (crc16(Buffer.from(`${company_id}/${conversation_id}`, 'utf8')) % 16384) % partitions);
console.log(JSON.stringify(found));

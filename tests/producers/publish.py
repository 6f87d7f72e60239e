"""Publishes one event with redis-py alone."""

import binascii
import json
import sys

import redis

client = redis.Redis.from_url(sys.argv[1])
partitions = int(client.hget("domain-events:topology", "partitions") or 0)
if not partitions:
    sys.exit("no partitions are recorded: run `agent-runtime migrate`")

event = json.load(sys.stdin)
key = f"{event['company_id']}/{event.get('conversation_id') or ''}".encode()
partition = binascii.crc_hqx(key, 0) % 16384 % partitions
entry_id = client.xadd(f"domain-events:{{{partition}}}", {"event": json.dumps(event)})
print(entry_id)

"""A server that receives what webhooks send, keeps its own record and misbehaves on request."""

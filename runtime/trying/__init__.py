"""A centurion tried out: a real turn that leaves nothing behind but a row of audit."""

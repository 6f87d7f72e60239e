"""Publishing a file of events: checked as a whole first, then sent."""

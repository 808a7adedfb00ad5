"""The roads out: mail as we word it, and events for platforms that word their own."""

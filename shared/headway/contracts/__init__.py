"""What is on the wire: envelopes, events, topics and their codec. No I/O."""

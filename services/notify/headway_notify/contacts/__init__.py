"""What notify knows of people: sealed under a key of each member's own, gone with that key."""

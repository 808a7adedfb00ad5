"""What notify serves to members and to mail providers, on a port of its own."""

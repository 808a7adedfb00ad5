"""What mail servers and platforms say of our mail afterwards: kept first, worked through later."""

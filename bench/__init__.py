"""How fast Headway is, as ratios to programs that promise the same and do less."""

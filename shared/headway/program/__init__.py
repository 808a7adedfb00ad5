"""The programme file: its model, how it is loaded from text, and how it is checked. No I/O."""

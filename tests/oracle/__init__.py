"""What Headway should have done, computed a second time, by plain and slow code.

Reads the source topics, the commands that the API accepted and the programme file; takes nothing
of `headway`, so that one mistake cannot be made twice. The published balance-changed topic is
read for one thing only: in which order the causes of each member were decided, and how far the
account was settled then. `python tests/oracle --help` compares it all with a dump of the engine.
"""

"""Dead letters as people work with them: finding, mending, and sending again.

`kept` finds them, `drafting` puts one into a form that can be edited, `checking` says what is still
wrong with it, `replaying` sends it. The command line and the web page go through here alike.
"""

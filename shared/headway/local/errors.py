"""What can go wrong with servers on this machine."""

from headway.errors import UserError


class LocalStackError(UserError):
    """A local server could not be had; the text ends with what to do next."""


class PortTaken(LocalStackError):
    """Another program listens where a server should."""

    def __init__(self, server: str, port: int) -> None:
        super().__init__(
            f"{server} cannot listen on 127.0.0.1:{port}: another program holds that port.",
            f"Find it with `lsof -i :{port}` and stop it, or choose another port.",
        )
        self.port = port
